// The intervals on synthetic rounds with known truth: they hold it, and call equal variants different, as often as 95 %
// says. The bounds are those of a binomial of 300 at 99.9 %; tests/bench/statistics_coverage does more repetitions.
#include <gtest/gtest.h>

#include "harness/analysis/statistics.h"
#include "tests/unit/analysis_synthetic.h"

namespace xover {
namespace {

constexpr int repetitions = 300;
constexpr int least_hits = 270, greatest_hits = 297;  // of 285 expected

class Coverage : public testing::TestWithParam<std::tuple<synthetic::Noise, std::size_t>> {
 protected:
  synthetic::Noise noise() const { return std::get<0>(GetParam()); }
  std::size_t rounds() const { return std::get<1>(GetParam()); }
};

TEST_P(Coverage, NineteenOfTwentyIntervalsHoldTheTruth) {
  synthetic::Rounds source(rounds());
  int held = 0;
  for (int i = 0; i < repetitions; ++i) {
    held += synthetic::holds(estimate(source.ratios(noise(), rounds(), 1.1)).interval, 1.1);
  }
  EXPECT_GE(held, least_hits);
  EXPECT_LE(held, greatest_hits);
}

TEST_P(Coverage, OneOfTwentyEqualPairsIsCalledDifferent) {
  synthetic::Rounds source(100 + rounds());
  int equal = 0;
  for (int i = 0; i < repetitions; ++i) {
    equal += estimate(source.ratios(noise(), rounds(), 1)).p_value >= significance;
  }
  EXPECT_GE(equal, least_hits);
  EXPECT_LE(equal, greatest_hits);
}

INSTANTIATE_TEST_SUITE_P(Synthetic, Coverage,
                         testing::Combine(testing::Values(synthetic::Noise::normal, synthetic::Noise::skewed,
                                                          synthetic::Noise::contaminated),
                                          testing::Values(6u, 10u, 20u, 30u)),
                         [](const testing::TestParamInfo<Coverage::ParamType>& test) {
                           return std::string(synthetic::name(std::get<0>(test.param))) + "_" +
                                  std::to_string(std::get<1>(test.param)) + "_rounds";
                         });

TEST(Power, ASlowDownOfATenthIsSeenInTenNoisyRounds) {
  synthetic::Rounds source(11);
  int seen = 0;
  for (int i = 0; i < 100; ++i) {
    std::vector<Observation> rounds;
    // 3 % of noise in each figure, as a gated machine has it.
    for (int k = 0; k < 10; ++k) {
      const double noise = (source.round(synthetic::Noise::normal) - source.round(synthetic::Noise::normal)) * 0.6;
      rounds.push_back({0, 0.9 * (1 + noise)});
    }
    seen += estimate(rounds).p_value < significance;
  }
  EXPECT_GE(seen, 95);
}

}  // namespace
}  // namespace xover
