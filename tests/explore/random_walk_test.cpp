// What is too large to be searched: walks, each through a scenario of its own, until some millions of steps have been
// taken. A step may be one that changes nothing, such as a change of mode that is refused.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "tests/explore/scenarios.h"
#include "tests/explore/trial.h"
#include "tests/support/sanitizer.h"

namespace xover::explore {
namespace {

// The same in every run, unless XOVER_EXPLORE_SEED says otherwise.
std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("XOVER_EXPLORE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20060402;
}

TEST(RandomWalk, FindsNothingWrong) {
  constexpr std::size_t least_steps = test::under_sanitizer ? 100'000 : 5'000'000;
  constexpr std::size_t steps_of_a_walk = 20'000;
  const std::uint64_t seed = seed_of_this_run();
  std::printf("XOVER_EXPLORE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  if (test::under_sanitizer) std::printf("Under a sanitizer, which makes a step slow: %zu steps.\n", least_steps);
  std::mt19937_64 random(seed);
  Outcome outcome;
  std::size_t walks = 0;
  const auto start = std::chrono::steady_clock::now();
  while (outcome.transitions < least_steps) {
    const SdpModel model(random_scenario(random));
    ++walks;
    try_walk(model, random, steps_of_a_walk, outcome);
    ASSERT_TRUE(outcome.violation.empty()) << outcome.violation << "\n" << model.describe(outcome.trace);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%zu steps in %zu walks, %zu of them to their end, %.1f s\n", outcome.transitions, walks, outcome.ends,
              took.count());
  EXPECT_GT(outcome.ends, walks / 2);
}

}  // namespace
}  // namespace xover::explore
