// All orders in which things can happen between two SDP machines, scenario by scenario, to the end of each. The whole
// matrix is `./dev bench explore`.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/explore/campaign.h"
#include "tests/explore/scenarios.h"
#include "tests/explore/trial.h"
#include "tests/support/sanitizer.h"

namespace xover::explore {
namespace {

// No scenario of the test run has so many states: that there are more is an error of its own.
constexpr std::size_t bound = 1'000'000;

TEST(Exploration, FindsNothingWrong) {
  std::vector<Scenario> scenarios = exhaustive_scenarios();
  if (std::getenv("XOVER_EXPLORE_ALL") == nullptr) {
    std::erase_if(scenarios, [](const Scenario& scenario) { return !scenario.in_short_run; });
  }
  if (test::under_sanitizer) {
    std::printf("Under a sanitizer, which makes a step several times slower: 2000 states of each at most.\n");
  }
  const Campaign campaign = search_all(scenarios, test::under_sanitizer ? 2'000 : bound);
  for (const std::string& problem : campaign.problems) ADD_FAILURE() << problem;
  if (test::under_sanitizer) return;
  for (const std::string& name : campaign.partial) {
    const auto scenario =
        std::find_if(scenarios.begin(), scenarios.end(), [&](const Scenario& one) { return one.name == name; });
    if (scenario->in_short_run) ADD_FAILURE() << name << " has more states than are looked at";
  }
}

// Leaving orders out must not lose an end: both searches come to the same ones.
TEST(Exploration, ReducedOrdersLoseNoEnd) {
  for (const Scenario& scenario : comparable_scenarios()) {
    const Ends all = ends_of(SdpModel(scenario, Orders::all), bound);
    const Ends reduced = ends_of(SdpModel(scenario, Orders::reduced), bound);
    ASSERT_TRUE(all.outcome.complete) << scenario.name << ": " << all.outcome.states << " states "
                                      << all.outcome.violation;
    ASSERT_TRUE(reduced.outcome.complete) << scenario.name;
    std::printf("%s: %zu states instead of %zu, %zu ends\n", scenario.name.c_str(), reduced.outcome.states,
                all.outcome.states, all.ends.size());
    EXPECT_EQ(all.ends, reduced.ends) << scenario.name;
    if (test::under_sanitizer) return;  // one is enough for that
  }
}

}  // namespace
}  // namespace xover::explore
