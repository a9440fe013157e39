// kill -9 at a few random moments; bench_kill does the same at a hundred.
#include <iostream>

#include <gtest/gtest.h>

#include "tests/fault/kill_trial.h"

namespace xover::test {
namespace {

// Another seed for each run of the tests finds more over time; the one printed brings the same draws back.
std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("XOVER_KILL_SEED");
  return given != nullptr ? std::stoull(given) : std::random_device()();
}

TEST(Kill, AtRandomMomentsHarmsNoMoreThanOneCellAndLeavesNothingBehind) {
  KillTrials trials(seed_of_this_run());
  std::cout << "XOVER_KILL_SEED=" << trials.seed() << ", undisturbed " << trials.undisturbed().count() << " ms\n";
  for (int i = 0; i < 12; ++i) {
    const TrialReport report = trials.next();
    std::cout << line_of(report) << "\n";
    EXPECT_EQ(report.violations, std::vector<std::string>());
  }
}

}  // namespace
}  // namespace xover::test
