// How long made links live, who holds them, and what an ordinary user gets.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

#include "tests/unit/links_process.h"
#include "tests/unit/links_traffic.h"

namespace xover {
namespace {

using test::Maker;
using test::MakerIs;

class LinksLifetime : public testing::Test {
 protected:
  bool over() const { return IsSkipped() || HasFatalFailure(); }
};

TEST_F(LinksLifetime, a_link_outlives_its_maker_and_so_does_the_program_attached_to_it) {
  if (test::is_maker()) return test::make_and_wait();
  if (!test::in_own_process()) return;
  Maker maker("veth_dma");
  const MadeLink taken = maker.take();
  maker.kill();
  if (!maker.problem().empty()) {
    MadeLink trial;
    test::make_or_skip(Link{"veth_dma", "", {}}, trial);  // for the reason
    ASSERT_TRUE(IsSkipped()) << maker.problem();
    return;
  }
  ASSERT_TRUE(taken.sender_net && taken.receiver_net);
  const auto inside = enter_namespaces(taken.user.get(), taken.sender_net.get());
  ASSERT_TRUE(inside) << inside.error().message();
  EXPECT_EQ(test::zerocopy_verdict_of(taken), "none copied");
}

TEST_F(LinksLifetime, an_ordinary_user_holds_a_link_by_descriptors_too) {
  if (test::is_maker()) return test::make_and_wait();
  if (!test::in_own_process()) return;
  Maker maker("veth", MakerIs::ordinary_user);
  ASSERT_TRUE(test::become_ordinary_user());
  const MadeLink taken = maker.take();
  maker.kill();
  test::skip_without_user_namespaces();
  if (IsSkipped()) return;
  ASSERT_EQ(maker.problem(), "");
  ASSERT_TRUE(taken.user && taken.sender_net && taken.receiver_net);
  const auto inside = enter_namespaces(taken.user.get(), taken.sender_net.get());
  ASSERT_TRUE(inside) << inside.error().message();
  EXPECT_EQ(test::zerocopy_verdict_of(taken), "all copied");
  // What the kernel takes away with old credentials, and the coordinator relies on.
  int signal_number = 0;
  EXPECT_EQ(prctl(PR_GET_PDEATHSIG, &signal_number), 0);
  EXPECT_EQ(signal_number, SIGKILL);
  EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1);
}

class LinksOfOrdinaryUser : public LinksLifetime {
 protected:
  bool in_own_process_as_ordinary_user() {
    if (!test::in_own_process()) return false;
    EXPECT_TRUE(test::become_ordinary_user());
    test::skip_without_user_namespaces();
    return !over() && !HasFailure();
  }
};

TEST_F(LinksOfOrdinaryUser, veth_is_made_in_a_user_namespace) {
  if (!in_own_process_as_ordinary_user()) return;
  const auto made = make_link(Link{"veth", "", {{"mtu", "9000"}, {"queues", "2"}}});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(made->user);
  EXPECT_EQ(made->facts.at("mtu_bytes"), "9000");
}

TEST_F(LinksOfOrdinaryUser, ifb_is_made_in_a_user_namespace) {
  if (!in_own_process_as_ordinary_user()) return;
  const auto made = make_link(Link{"ifb", "", {{"mtu", "9000"}, {"offloads", "off"}}});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(made->user);
  EXPECT_EQ(made->facts.at("tso"), "off");
}

TEST_F(LinksOfOrdinaryUser, veth_dma_says_what_it_needs) {
  if (!in_own_process_as_ordinary_user()) return;
  if (const Availability support = link_support(Link{"veth_dma", "", {}}); !support.usable())
    GTEST_SKIP() << support.cause;
  const auto made = make_link(Link{"veth_dma", "", {}});
  if (made) GTEST_SKIP() << "this kernel gives XDP to ordinary users";
  EXPECT_EQ(made.error().code, ErrorCode::not_permitted);
  EXPECT_EQ(made.error().message(),
            "bpf(BPF_PROG_LOAD): an XDP program needs CAP_BPF and CAP_NET_ADMIN of the host, which a user namespace "
            "does not give: Operation not permitted; run as root");
}

// From here on in a user namespace with so many namespaces at a time, so that one that stays is noticed.
bool limit_namespaces(const char* kind, int limit) {
  if (unshare(CLONE_NEWUSER) != 0) return false;
  std::ofstream setting(std::string("/proc/sys/user/max_") + kind + "_namespaces");
  setting << limit << std::flush;
  return static_cast<bool>(setting);
}

bool drop_all_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  return syscall(SYS_capset, &header, none) == 0;
}

// The kernel takes namespaces away some time after their last holder.
Result<MadeLink> make_in_time(const Link& link) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::seconds(10);
  for (;;) {
    auto made = make_link(link);
    if (made || steady_clock::now() > deadline) return made;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Three: the two of a link, and the one that the process goes to with the first step to the next link.
TEST_F(LinksOfOrdinaryUser, nothing_of_a_link_stays_when_nobody_holds_it) {
  if (!in_own_process_as_ordinary_user()) return;
  ASSERT_TRUE(limit_namespaces("net", 3));
  const Link veth{"veth", "", {}};
  std::optional<Result<MadeLink>> held(make_link(veth));
  ASSERT_TRUE(*held) << held->error().message();
  const auto too_many = make_link(veth);
  ASSERT_FALSE(too_many) << "descriptors alone do not hold a link";
  EXPECT_EQ(too_many.error().code, ErrorCode::not_permitted);
  EXPECT_EQ(too_many.error().message(),
            "unshare(CLONE_NEWNET): user.max_net_namespaces is reached: No space left on device; "
            "sysctl user.max_net_namespaces=65536");
  held.reset();
  const auto next = make_in_time(veth);
  EXPECT_TRUE(next) << next.error().message();
}

TEST_F(LinksOfOrdinaryUser, a_setting_that_forbids_user_namespaces_is_named) {
  if (!in_own_process_as_ordinary_user()) return;
  ASSERT_TRUE(limit_namespaces("user", 0));
  ASSERT_TRUE(drop_all_capabilities());
  const auto made = make_link(Link{"veth", "", {}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::not_permitted);
  EXPECT_EQ(made.error().message(),
            "unshare(CLONE_NEWUSER): user.max_user_namespaces is reached: No space left on device; run as root, or: "
            "sysctl user.max_user_namespaces=15000");
}

}  // namespace
}  // namespace xover
