// kill -9 at a few random moments; bench_kill does the same at a hundred.
#include <iostream>

#include <gtest/gtest.h>

#include "tests/fault/kill_trial.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

// Another seed for each run of the tests finds more over time; the one printed brings the same draws back.
std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("XOVER_KILL_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device()();
}

void take(KillTrials trials, int count) {
  std::cout << "XOVER_KILL_SEED=" << trials.seed() << ", undisturbed " << trials.undisturbed().count() << " ms\n";
  for (int i = 0; i < count; ++i) {
    const TrialReport report = trials.next();
    std::cout << line_of(report) << "\n";
    EXPECT_EQ(report.violations, std::vector<std::string>());
  }
}

TEST(Kill, AtRandomMomentsHarmsNoMoreThanOneCellAndLeavesNothingBehind) { take(KillTrials(seed_of_this_run()), 12); }

// On memif the peer lives on and its memory is mapped here; on ring both ends die at once.
TEST(Kill, OfAnEndOfADpdkLinkIsNoMoreThanThat) {
  if (!link_is_usable("memif")) GTEST_SKIP() << "link memif cannot be used here: see xover list";
  take(KillTrials(seed_of_this_run(),
                  {"--transports", "dpdk.mbuf@memif,dpdk.extbuf@ring,tcp.sendmsg", "--wait", "spin"}),
       4);
}

}  // namespace
}  // namespace xover::test
