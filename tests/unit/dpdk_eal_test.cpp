// DPDK's environment starts once, leaves the thread and the file system as they were, and keeps what it says to itself.
#include "transports/dpdk/eal.h"

#include <sched.h>

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "tests/support/sanitizer.h"
#include "tests/unit/links_process.h"
#include "transports/dpdk/eal_log.h"

namespace xover {
namespace {

int allowed_cores() {
  cpu_set_t cpus;
  return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : -1;
}

const int cores_at_start = allowed_cores();  // before any test has started DPDK

// Another program's DPDK may have left it there.
constexpr const char* runtime_folder = "/var/run/dpdk/rte";
const bool runtime_folder_at_start = std::filesystem::exists(runtime_folder);

class DpdkEal : public testing::Test {
 protected:
  void SetUp() override {
    const auto started = start_eal({.name = "ring"}, LinkRole::sender);
    if (!started) GTEST_SKIP() << started.error().message();
  }
};

TEST_F(DpdkEal, LeavesTheCallersCoresAndNoFiles) {
  EXPECT_GE(allowed_cores(), 1);
  EXPECT_EQ(allowed_cores(), cores_at_start);
  EXPECT_EQ(std::filesystem::exists(runtime_folder), runtime_folder_at_start);
  EXPECT_FALSE(eal_memory().empty());
}

TEST_F(DpdkEal, StartsOnceAndSaysSoForCardsThatComeLater) {
  EXPECT_TRUE(start_eal({.name = "memif"}, LinkRole::receiver));
  const auto late = start_eal({.name = "pci", .argument = "0000:01:00.0+0000:02:00.0"}, LinkRole::sender);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::unsupported);
  EXPECT_NE(late.error().message().find("started without PCI"), std::string::npos) << late.error().message();
}

TEST_F(DpdkEal, RegistersEachThreadOnceAndTakesItsNumberBack) {
  unsigned first = LCORE_ID_ANY;
  for (int round = 0; round < 200; ++round) {  // more than DPDK has numbers for
    std::thread([&] {
      register_with_eal();
      const unsigned number = rte_lcore_id();
      EXPECT_NE(number, static_cast<unsigned>(LCORE_ID_ANY));
      register_with_eal();
      EXPECT_EQ(rte_lcore_id(), number);
      if (first == LCORE_ID_ANY) first = number;
      EXPECT_EQ(number, first);
    }).join();
  }
}

TEST_F(DpdkEal, KeepsTheLastMessagesAndForgetsThemWhenTaken) {
  take_eal_messages();
  testing::internal::CaptureStderr();
  rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "something\nis %s\n", "wrong");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(take_eal_messages(), "something; is wrong");
  EXPECT_EQ(take_eal_messages(), "");
  for (int line = 0; line < 1000; ++line) add_eal_messages("line " + std::to_string(line) + "\n");
  const std::string kept = take_eal_messages();
  EXPECT_LT(kept.size(), 2000u);
  EXPECT_TRUE(kept.ends_with("line 999")) << kept;
  EXPECT_TRUE(kept.starts_with("line ")) << kept;
}

TEST_F(DpdkEal, CatchesTheStandardErrorForAMoment) {
  take_eal_messages();
  testing::internal::CaptureStderr();
  {
    const StandardErrorCatch caught;
    std::fputs("said aside\n", stderr);
  }
  std::fputs("shown\n", stderr);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "shown\n");
  EXPECT_EQ(take_eal_messages(), "said aside");
}

// In a process of its own, which has not started DPDK and may have no more than `most` of a resource from now on.
Error refused_within(int resource, rlim_t most) {
  const rlimit limit{most, most};
  EXPECT_EQ(setrlimit(static_cast<__rlimit_resource>(resource), &limit), 0);
  const auto started = start_eal({.name = "ring"}, LinkRole::sender);
  EXPECT_FALSE(started);
  return started ? Error{} : started.error();
}

TEST(DpdkEalStart, SaysThatOpenFilesAreMissing) {
  if (!test::in_own_process()) return;
  const Error refused = refused_within(RLIMIT_NOFILE, 8);
  EXPECT_EQ(refused.code, ErrorCode::no_memory);
  EXPECT_NE(refused.message().find("Too many open files"), std::string::npos) << refused.message();
  EXPECT_NE(refused.remedy.find("ulimit -n"), std::string::npos) << refused.message();
}

TEST(DpdkEalStart, SaysThatMemoryIsMissing) {
  if (test::under_sanitizer) GTEST_SKIP() << "a sanitizer has terabytes of addresses";
  if (!test::in_own_process()) return;
  constexpr std::size_t too_little_bytes = std::size_t{250} << 20;  // DPDK's own memory takes 256 MiB of addresses
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const Error refused = refused_within(RLIMIT_AS, static_cast<rlim_t>(pages * 4096 + too_little_bytes));
  EXPECT_EQ(refused.code, ErrorCode::no_memory);
  EXPECT_NE(refused.message().find("Cannot allocate memory"), std::string::npos) << refused.message();
  EXPECT_NE(refused.remedy.find("free memory"), std::string::npos) << refused.message();
  // Once is all that DPDK can be started: the same again, at once.
  const auto again = start_eal({.name = "memif"}, LinkRole::sender);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message(), refused.message());
}

}  // namespace
}  // namespace xover
