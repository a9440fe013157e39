// Crossovers of straight cost lines whose truth is known, in noise; tests/bench/crossover_coverage does more of them.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/sanitizer.h"
#include "tests/unit/analysis_crossover_trials.h"

namespace xover {
namespace {

using synthetic::Slope;

constexpr std::size_t trials = test::under_sanitizer ? 10 : 100;
constexpr double once_in = 10'000;  // that a test fails by chance, of the seeds that it might have been given

void expect_nineteen_of_twenty(std::size_t held, std::size_t all) {
  const auto [fewest, most] = synthetic::binomial_band(all, 0.95, once_in);
  EXPECT_GE(held, fewest) << "of " << all;
  EXPECT_LE(held, most) << "of " << all;
}

// By itself and, since a hundred trials hardly tell 90 % from 95 %, all together.
TEST(CrossoverTruth, IsNearTheEstimateAndInNineteenOfTwentyIntervals) {
  synthetic::CrossoverTrials all;
  for (const int variation_percent : {1, 5, 15}) {
    for (const Slope slope : {Slope::shallow, Slope::steep}) {
      SCOPED_TRACE(std::string(synthetic::name(slope)) + ", " + std::to_string(variation_percent) + " %");
      const auto seed = static_cast<std::uint64_t>(100 + variation_percent);
      const auto tally = synthetic::seek_crossovers(variation_percent / 100.0, slope, trials, seed);
      // Noise of 15 % may leave a shallow crossover untold; it is then no error.
      EXPECT_GE(tally.at, trials * 9 / 10);
      expect_nineteen_of_twenty(tally.held, tally.at);
      EXPECT_GE(tally.told_why, tally.at * 9 / 10);
      if (variation_percent <= 5) {
        EXPECT_LE(tally.median_error(), 0.05);
      }
      all.at += tally.at;
      all.held += tally.held;
      all.told_why += tally.told_why;
      all.held_fixed += tally.held_fixed;
      all.held_per_byte += tally.held_per_byte;
    }
  }
  RecordProperty("at", static_cast<int>(all.at));
  RecordProperty("held", static_cast<int>(all.held));
  expect_nineteen_of_twenty(all.held, all.at);
  expect_nineteen_of_twenty(all.held_fixed, all.told_why);
  expect_nineteen_of_twenty(all.held_per_byte, all.told_why);
}

TEST(BinomialBand, LeavesSoMuchToEitherSide) {
  // Of 20 coins, 0 to 2 heads come up once in 4970 times, 0 to 3 once in 776.
  EXPECT_EQ(synthetic::binomial_band(20, 0.5, 1000), (std::pair<std::size_t, std::size_t>(3, 17)));
  EXPECT_EQ(synthetic::binomial_band(20, 0.5, 700), (std::pair<std::size_t, std::size_t>(4, 16)));
}

// A jump near the crossover: no straight lines to either side, and none is drawn through it.
TEST(CrossoverOfCosts, IsSoughtBetweenTwoSizesWhereNoLineFits) {
  synthetic::NoisyCosts noise(1, 0.01);
  std::vector<SizedRatios> sizes;
  for (const std::uint64_t size_bytes : synthetic::octaves_to_1m()) {
    const double cost = 1000 + 0.1 * static_cast<double>(size_bytes), ratio = size_bytes <= 16384 ? 0.5 : 2;
    for (SizedRatios& one : noise.measure({{cost * ratio, 0}, {cost, 0}}, {size_bytes}, 10)) sizes.push_back(one);
  }
  const auto found = crossover_of(sizes);
  ASSERT_EQ(found->verdict, CrossoverVerdict::at);
  EXPECT_FALSE(found->why);
  EXPECT_GT(found->size_bytes.low, 16384);
  EXPECT_LT(found->size_bytes.high, 32768);
}

// The same rounds, whose costs are not known: the bend of the curve is then in the error.
TEST(CrossoverOfCosts, IsCloserWhereTheCostsAreKnown) {
  synthetic::NoisyCosts noise(2, 0.001);
  auto sizes =
      noise.measure(synthetic::Rivals::crossing_at(23170, synthetic::Slope::steep), {4096, 16384, 65536, 262144}, 10);
  const double known = crossover_of(sizes)->size_bytes.median;
  for (SizedRatios& size : sizes) size.costs.clear();
  const double unknown = crossover_of(sizes)->size_bytes.median;
  EXPECT_NEAR(known, 23170, 50);
  EXPECT_GT(std::fabs(unknown - 23170), 500);
}

}  // namespace
}  // namespace xover
