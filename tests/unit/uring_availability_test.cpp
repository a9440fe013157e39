// Refusals: what is said when io_uring is not built, forbidden, too old or asked for what cannot be.
#include "transports/uring/uring_availability.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <thread>

#include "tests/unit/session_pair.h"

namespace xover {
namespace {

bool says(const std::string& text, const char* word) { return text.find(word) != std::string::npos; }

TEST(UringAvailabilityTest, TellsTheSysctlFromASandboxFromAnOldKernel) {
  const auto for_all = uring_refused_by(EPERM, 2);
  EXPECT_EQ(for_all.status, Status::not_permitted);
  EXPECT_TRUE(says(for_all.cause, "kernel.io_uring_disabled is 2"));
  EXPECT_TRUE(says(for_all.remedy, "sysctl kernel.io_uring_disabled=0"));
  const auto for_users = uring_refused_by(EPERM, 1);
  EXPECT_TRUE(says(for_users.cause, "kernel.io_uring_disabled is 1"));
  EXPECT_TRUE(says(for_users.remedy, "io_uring_group"));
  for (const int setting : {0, -1}) {
    const auto sandbox = uring_refused_by(EPERM, setting);
    EXPECT_EQ(sandbox.status, Status::not_permitted);
    EXPECT_TRUE(says(sandbox.cause, "seccomp"));
    EXPECT_TRUE(says(sandbox.remedy, "container profile"));
  }
  EXPECT_EQ(uring_refused_by(ENOSYS, -1).status, Status::kernel_too_old);
  EXPECT_EQ(uring_refused_by(EINVAL, 0).status, Status::kernel_too_old);
  EXPECT_TRUE(says(uring_refused_by(ENOMEM, 0).remedy, "ulimit -l"));
}

TEST(UringAvailabilityTest, ABuildWithoutLiburingSaysWhatToInstall) {
  const auto availability = uring_not_built();
  EXPECT_EQ(availability.status, Status::not_built);
  EXPECT_TRUE(says(availability.remedy, "apt-get install liburing-dev"));
  const Error error = error_of(availability, "open");
  EXPECT_EQ(error.code, ErrorCode::unsupported);
  EXPECT_EQ(error.remedy, availability.remedy);
}

TEST(UringAvailabilityTest, AMissingOpcodeIsNamed) {
  const auto availability = uring_opcode_missing("IORING_OP_SEND_ZC", "Linux 6.1 or newer");
  EXPECT_EQ(availability.status, Status::kernel_too_old);
  EXPECT_TRUE(says(availability.cause, "IORING_OP_SEND_ZC"));
  EXPECT_TRUE(says(availability.remedy, "6.1"));
}

TEST(UringAvailabilityTest, PollersNeedCoresOfTheirOwn) {
  EXPECT_TRUE(allow_sqpoll(4));
  for (const std::size_t cpus : {1, 2, 3}) {
    const auto refused = allow_sqpoll(cpus);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(says(refused.error().message(), "cores"));
    EXPECT_FALSE(refused.error().remedy.empty());
  }
}

TEST(UringAvailabilityTest, OptionsThatContradictEachOtherAreRefusedInWords) {
  const OptionText wrong[] = {
      {{"gso", "1400"}},
      {{"gro", "on"}},
      {{"protocol", "udp"}, {"nodelay", "on"}},
      {{"protocol", "udp"}, {"congestion_control", "cubic"}},
      {{"protocol", "udp"}, {"receive", "multishot"}, {"provided_buffer_bytes", "2K"}},
  };
  for (const OptionText& text : wrong) {
    const Descriptor& row = *find_transport("uring.send");
    const auto refused = check_uring_options(Options::resolve(row.id, row.options, text).value());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::bad_input);
    EXPECT_TRUE(says(refused.error().message(), text.rbegin()->first.c_str()) ||
                says(refused.error().message(), text.begin()->first.c_str()));
    EXPECT_FALSE(refused.error().remedy.empty());
  }
}

// io_uring_setup fails with EPERM in this thread from now on, as in a container.
bool forbid_io_uring() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(UringAvailabilityTest, ASandboxThatForbidsRingsIsNamedByProbeAndOpen) {
  if (const auto why = test::why_not("uring.send"); !why.empty()) GTEST_SKIP() << why;
  bool forbidden = false;
  Availability availability;
  Error error;
  std::thread([&] {
    forbidden = forbid_io_uring();
    availability = find_transport("uring.send")->probe({});
    if (auto session = test::open_session("uring.send"); !session) error = session.error();
  }).join();
  if (!forbidden) GTEST_SKIP() << "no seccomp filters here";
  EXPECT_EQ(availability.status, Status::not_permitted);
  EXPECT_TRUE(says(availability.cause, "seccomp"));
  EXPECT_FALSE(availability.remedy.empty());
  EXPECT_EQ(error.code, ErrorCode::not_permitted);
  EXPECT_TRUE(says(error.message(), "seccomp"));
}

}  // namespace
}  // namespace xover
