// The statistics of two runs on synthetic ones whose truth is known: noise between restarts and between rounds, of
// cells that are not all equally noisy. How often nothing is called a change, and a change is found. bench_diff asks
// the same of real runs.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "harness/analysis/borrowed_variance.h"
#include "harness/analysis/two_runs.h"

namespace xover {
namespace {

struct RunSetup {
  const char* name;
  std::uint32_t restarts = 0, rounds_each = 0;
  double of_restart = 0, of_round = 0;  // standard deviations
  std::size_t cells = 8;
};

std::ostream& operator<<(std::ostream& stream, const RunSetup& setup) { return stream << setup.name; }

class SyntheticRuns {
 public:
  explicit SyntheticRuns(std::uint64_t seed) : random_(seed) {}

  // Cells have from half to twice the noise. `ratio` is that of the first cell.
  std::vector<FigurePair> pairs(const RunSetup& setup, double ratio = 1) {
    std::vector<FigurePair> all;
    for (std::size_t i = 0; i < setup.cells; ++i) {
      const double noise = std::pow(2.0, static_cast<double>(i % 3) - 1);
      all.push_back({run(setup, noise, 1), run(setup, noise, i == 0 ? ratio : 1), Metric::goodput, false});
    }
    return all;
  }

 private:
  RestartFigures run(const RunSetup& setup, double noise, double truth) {
    std::vector<Observation> observations;
    for (std::uint32_t restart = 0; restart < setup.restarts; ++restart) {
      const double luck = noise * setup.of_restart * normal_(random_);
      for (std::uint32_t round = 0; round < setup.rounds_each; ++round)
        observations.push_back({restart, truth * std::exp(luck + noise * setup.of_round * normal_(random_))});
    }
    return restart_figures(observations);
  }

  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

bool any_real(const std::vector<FigureDifference>& differences) {
  return std::ranges::any_of(differences, [](const auto& each) { return each.verdict == DiffVerdict::real; });
}

constexpr int repetitions = 400;
// What a binomial of 400 at 5 % exceeds once in a thousand times; and what one at 95 % stays below as seldom.
constexpr int most_false = 34, least_found = 366;

class TwoRuns : public testing::TestWithParam<RunSetup> {};

TEST_P(TwoRuns, SeldomDifferWhenTheyAreTheSame) {
  SyntheticRuns source(17);
  int false_alarms = 0;
  for (int i = 0; i < repetitions; ++i) false_alarms += any_real(judge(source.pairs(GetParam()), 0));
  EXPECT_LE(false_alarms, most_false);
}

TEST_P(TwoRuns, HoldTheTrueRatioInTheirInterval) {
  SyntheticRuns source(23);
  int held = 0;
  for (int i = 0; i < repetitions; ++i) {
    const auto judged = judge(source.pairs(GetParam(), 0.9), 0);
    held += judged[0].ratio.low <= 0.9 && 0.9 <= judged[0].ratio.high;
  }
  EXPECT_GE(held, least_found);
}

const RunSetup setups[] = {
    {"TwoRestarts", 2, 5, 0.02, 0.03},
    {"TwoRestartsOfOneCell", 2, 5, 0.02, 0.03, 1},
    {"TwoRestartsOfTwoCells", 2, 5, 0.02, 0.03, 2},
    {"ThreeRestartsOfManyCells", 3, 4, 0.02, 0.01, 16},
    {"SixRestarts", 6, 2, 0.02, 0.03},
    {"LuckAlone", 4, 5, 0.02, 0.0001},
    {"RoundsAlone", 4, 5, 0.0001, 0.03},
};
INSTANTIATE_TEST_SUITE_P(Synthetic, TwoRuns, testing::ValuesIn(setups),
                         [](const auto& test) { return std::string(test.param.name); });

// That the question is a hard one: taken for independent, the rounds of a restart call its luck a change.
TEST(TwoRunsTrial, RoundsForUnitsWouldBeWrongMoreOften) {
  std::mt19937_64 random(17);
  std::normal_distribution<double> normal;
  int false_alarms = 0;
  for (int i = 0; i < repetitions; ++i) {
    std::vector<FigurePair> pairs(1);
    for (RestartFigures* run : {&pairs[0].a, &pairs[0].b})
      for (std::uint32_t restart = 0; restart < 2; ++restart) {
        const double luck = 0.02 * normal(random);
        for (int round = 0; round < 5; ++round, ++run->rounds) run->logs.push_back(luck + 0.01 * normal(random));
      }
    false_alarms += any_real(judge(pairs, 0));
  }
  EXPECT_GT(false_alarms, repetitions / 5);
}

TEST(TwoRunsPower, ASlowDownOfATenthIsFoundInSixRestarts) {
  SyntheticRuns source(29);
  const RunSetup setup{"", 6, 2, 0.02, 0.02};
  int found = 0;
  for (int i = 0; i < repetitions; ++i) {
    const auto judged = judge(source.pairs(setup, 0.9), least_difference_percent);
    found += judged[0].verdict == DiffVerdict::real && judged[0].ratio.median < 1;
  }
  EXPECT_GE(found, least_found);
}

TEST(TwoRunsPower, CellsLendEachOtherWhatTwoRestartsDoNotTell) {
  const auto sure_with = [&](std::size_t cells) {
    SyntheticRuns source(31);
    const RunSetup setup{"", 2, 5, 0.04, 0.04, cells};
    int sure = 0;
    for (int i = 0; i < repetitions; ++i) sure += judge(source.pairs(setup, 0.9), 0)[0].p_value < 0.01;
    return sure;
  };
  EXPECT_GT(sure_with(20), 1.5 * sure_with(1));
}

TEST(TwoRunsPower, ALeastDifferenceIsNoneThatIsFoundByChance) {
  SyntheticRuns source(37);
  const RunSetup setup{"", 6, 2, 0.002, 0.002};
  int found = 0;
  for (int i = 0; i < repetitions; ++i) found += any_real(judge(source.pairs(setup, 1.02), 2));
  EXPECT_LE(found, most_false);
}

TEST(TwoRunsFigures, ARestartIsTheMedianOfItsRounds) {
  const std::vector<Observation> observations{{0, 1}, {0, 2}, {0, 1000}, {3, 4}};
  const RestartFigures figures = restart_figures(observations);
  ASSERT_EQ(figures.logs.size(), 2U);
  EXPECT_DOUBLE_EQ(figures.logs[0], std::log(2));
  EXPECT_DOUBLE_EQ(figures.logs[1], std::log(4));
  EXPECT_EQ(figures.rounds, 4U);
}

TEST(TwoRunsFigures, EqualRestartsAreNotInfinitelySure) {
  RestartFigures a{{1, 1, 1}, 6}, b{{1.0001, 1.0001, 1.0001}, 6};
  const auto judged = judge(std::vector{FigurePair{a, b, Metric::latency_p99, false}}, 0);
  EXPECT_EQ(judged[0].verdict, DiffVerdict::noise);
}

// Abramowitz and Stegun, tables 6.1 and 6.2.
TEST(BorrowedVariance, KnowsTheDerivativesOfLogGamma) {
  EXPECT_NEAR(digamma(1), -0.5772156649015329, 1e-12);
  EXPECT_NEAR(digamma(0.5), -1.9635100260214235, 1e-12);
  EXPECT_NEAR(digamma(20), 2.9705239922421490, 1e-12);
  EXPECT_NEAR(trigamma(1), 1.6449340668482264, 1e-12);
  EXPECT_NEAR(trigamma(0.5), 4.9348022005446793, 1e-12);
}

TEST(BorrowedVariance, RaisesAndNeverLowers) {
  const std::vector<Spread> own{{1e-6, 2}, {1e-4, 2}, {9e-5, 2}, {2e-4, 2}, {1e-3, 2}};
  const std::vector<Spread> firmer = with_borrowed(own);
  for (std::size_t i = 0; i < own.size(); ++i) {
    EXPECT_GE(firmer[i].variance, own[i].variance);
    EXPECT_GE(firmer[i].degrees_of_freedom, own[i].degrees_of_freedom);
    EXPECT_LE(firmer[i].degrees_of_freedom, 10);
  }
  EXPECT_GT(firmer[0].variance, 1e-5);
}

TEST(BorrowedVariance, BorrowsNothingWhereVariancesHaveNothingInCommon) {
  std::vector<Spread> own;
  for (int i = 0; i < 30; ++i) own.push_back({std::pow(10.0, -i), 20});
  const std::vector<Spread> firmer = with_borrowed(own);
  EXPECT_NEAR(firmer[10].degrees_of_freedom, 20, 1);
  EXPECT_LT(firmer[10].variance, 2e-10);
}

TEST(BorrowedVariance, OneAloneStaysAsItIs) {
  const std::vector<Spread> own{{1e-4, 1}};
  EXPECT_EQ(with_borrowed(own)[0].variance, 1e-4);
  EXPECT_EQ(with_borrowed(own)[0].degrees_of_freedom, 1);
  EXPECT_TRUE(with_borrowed({}).empty());
}

}  // namespace
}  // namespace xover
