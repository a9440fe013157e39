// The statistics against published tables, hand calculation and brute force.
#include "harness/analysis/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "harness/analysis/stopping.h"
#include "harness/analysis/student_t.h"
#include "tests/unit/analysis_synthetic.h"

namespace xover {
namespace {

std::vector<Observation> observations_of(std::initializer_list<double> values) {
  std::vector<Observation> observations;
  for (double value : values) observations.push_back({0, value});
  return observations;
}

TEST(StudentT, CriticalValuesMatchTheTables) {
  EXPECT_NEAR(student_t_critical(0.05, 1), 12.7062, 1e-4);
  EXPECT_NEAR(student_t_critical(0.05, 5), 2.5706, 1e-4);
  EXPECT_NEAR(student_t_critical(0.05, 9), 2.2622, 1e-4);
  EXPECT_NEAR(student_t_critical(0.05, 29), 2.0452, 1e-4);
  EXPECT_NEAR(student_t_critical(0.05, 1e7), 1.9600, 1e-4);
  EXPECT_NEAR(student_t_critical(0.10, 10), 1.8125, 1e-4);
  EXPECT_NEAR(student_t_critical(0.01, 9), 3.2498, 1e-4);
  EXPECT_NEAR(student_t_critical(0.001, 20), 3.8495, 1e-4);
}

TEST(StudentT, PValuesMatchClosedForms) {
  EXPECT_DOUBLE_EQ(student_t_two_sided_p(0, 7), 1);
  for (double t : {0.1, 1.0, -1.0, 3.0, 40.0}) {
    const double size = std::fabs(t);
    // One degree of freedom is the Cauchy distribution; two have a closed form as well.
    EXPECT_NEAR(student_t_two_sided_p(t, 1), 1 - 2 / M_PI * std::atan(size), 1e-12);
    EXPECT_NEAR(student_t_two_sided_p(t, 2), 1 - size / std::sqrt(2 + size * size), 1e-12);
  }
  EXPECT_EQ(student_t_two_sided_p(INFINITY, 5), 0);
}

TEST(StudentT, IncompleteBetaMatchesBinomialSums) {
  EXPECT_NEAR(incomplete_beta(0.25, 2, 3), 0.26171875, 1e-13);
  EXPECT_NEAR(incomplete_beta(0.75, 3, 2), 1 - 0.26171875, 1e-13);
  EXPECT_NEAR(incomplete_beta(0.5, 20, 20), 0.5, 1e-12);
}

TEST(Estimate, OfNothingAndOfOneIsNoInterval) {
  EXPECT_EQ(estimate({}).interval.median, 0);
  EXPECT_EQ(estimate({}).p_value, 1);
  const Estimate one = estimate(observations_of({2.5}));
  EXPECT_EQ(one.interval.low, 2.5);
  EXPECT_EQ(one.interval.high, 2.5);
  EXPECT_EQ(one.p_value, 1);
}

TEST(Estimate, OfTenRoundsIsTheTrimmedStudentIntervalOnTheLogScale) {
  std::vector<Observation> rounds;
  for (int i = 1; i <= 10; ++i) rounds.push_back({0, std::exp(0.01 * i)});
  const Estimate result = estimate(rounds);
  // Kept: 3 to 8, mean 5.5. Winsorised squares: 6 * 2.5^2 + 2 * 1.5^2 + 2 * 0.5^2 = 42.5, over 6 * 5.
  const double reach = 2.570582 * 0.01 * std::sqrt(42.5 / 30);
  EXPECT_NEAR(result.interval.low, std::exp(0.055 - reach), 1e-7);
  EXPECT_NEAR(result.interval.high, std::exp(0.055 + reach), 1e-7);
  EXPECT_NEAR(result.p_value, student_t_two_sided_p(5.5 / std::sqrt(42.5 / 30), 5), 1e-12);
  EXPECT_EQ(result.rounds, 10u);
}

TEST(Estimate, DoesNotMoveForAFifthOfTheRounds) {
  const Interval quiet =
      estimate(observations_of({1.00, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.07, 1.08, 1.09})).interval;
  const Interval struck =
      estimate(observations_of({0.01, 0.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.07, 9.00, 9.00})).interval;
  EXPECT_DOUBLE_EQ(quiet.low, struck.low);
  EXPECT_DOUBLE_EQ(quiet.high, struck.high);
}

TEST(Estimate, TurnedRoundIsTheSameAnswer) {
  synthetic::Rounds source(5);
  for (std::size_t count : {8u, 40u}) {
    const auto forward = source.ratios(synthetic::Noise::contaminated, count, 1.2);
    auto backward = forward;
    for (Observation& observation : backward) observation.value = 1 / observation.value;
    const Estimate a = estimate(forward), b = estimate(backward);
    // The bootstrap draws by rank, so its critical value may differ by a resample or two.
    EXPECT_NEAR(a.interval.low * b.interval.high, 1, 0.005) << count;
    EXPECT_NEAR(a.interval.high * b.interval.low, 1, 0.005) << count;
  }
}

TEST(Estimate, IntervalAndPValueAgree) {
  synthetic::Rounds source(6);
  std::size_t significant = 0;
  for (std::size_t count : {6u, 10u, 29u, 30u, 45u}) {
    for (int i = 0; i < 40; ++i) {
      const Estimate result = estimate(source.ratios(synthetic::Noise::skewed, count, 1.15));
      const bool holds_one = synthetic::holds(result.interval, 1);
      // An interval widened to its median is the one exception; then the median is at the interval's end.
      if (result.interval.median == result.interval.low || result.interval.median == result.interval.high) continue;
      EXPECT_EQ(result.p_value > significance, holds_one) << count;
      significant += !holds_one;
    }
  }
  EXPECT_GT(significant, 20u);
}

TEST(Estimate, EqualRoundsLeaveNoDoubt) {
  for (std::size_t count : {6u, 40u}) {
    EXPECT_EQ(estimate(std::vector<Observation>(count, {0, 1.0})).p_value, 1) << count;
    EXPECT_EQ(estimate(std::vector<Observation>(count, {0, 1.1})).p_value, 0) << count;
    EXPECT_DOUBLE_EQ(estimate(std::vector<Observation>(count, {0, 1.1})).interval.low, 1.1) << count;
  }
}

TEST(Estimate, IsTheSameEachTime) {
  synthetic::Rounds source(7);
  const auto rounds = source.ratios(synthetic::Noise::normal, 50, 1);
  EXPECT_EQ(estimate(rounds).interval.low, estimate(rounds).interval.low);
}

// What each start of the agents gets by luck moves all of its rounds: counted as rounds, equal variants look different.
TEST(Estimate, TakesTheRestartAsTheUnitFromSixRestartsOn) {
  synthetic::Rounds source(8);
  constexpr int repetitions = 300;
  int by_restart = 0, by_round = 0;
  for (int i = 0; i < repetitions; ++i) {
    std::vector<Observation> rounds;
    for (std::uint32_t restart = 0; restart < 8; ++restart) {
      const double luck = source.round(synthetic::Noise::skewed);
      for (int k = 0; k < 3; ++k) rounds.push_back({restart, luck * source.round(synthetic::Noise::normal)});
    }
    by_restart += estimate(rounds).p_value < significance;
    for (Observation& observation : rounds) observation.restart = 0;
    by_round += estimate(rounds).p_value < significance;
  }
  EXPECT_NEAR(by_restart, 15, 10);  // 99 % of what 5 % of 300 may give
  EXPECT_GT(by_round, 60);
}

TEST(Median, OfOddEvenAndNone) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median({}), 0);
}

TEST(Holm, StepsDownAndKeepsTheOrderGiven) {
  const std::vector<double> adjusted = holm_adjusted(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  const std::vector<double> expected{0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_DOUBLE_EQ(adjusted[i], expected[i]) << i;
  EXPECT_EQ(holm_adjusted(std::vector<double>{0.6, 0.9}), (std::vector<double>{1, 1}));
  EXPECT_EQ(holm_adjusted(std::vector<double>{0.04}), std::vector<double>{0.04});
  EXPECT_TRUE(holm_adjusted({}).empty());
}

// Every way in which `first` of the ranks can belong to the first sample.
double brute_force_mann_whitney(const std::vector<double>& first, const std::vector<double>& second) {
  auto distance = [&](const std::vector<double>& a, const std::vector<double>& b) {
    double u = 0;
    for (double x : a) u += static_cast<double>(std::count_if(b.begin(), b.end(), [x](double y) { return x > y; }));
    return std::fabs(u - static_cast<double>(a.size() * b.size()) / 2);
  };
  std::vector<double> all = first;
  all.insert(all.end(), second.begin(), second.end());
  std::vector<int> chosen(all.size(), 0);
  std::fill(chosen.end() - static_cast<std::ptrdiff_t>(first.size()), chosen.end(), 1);
  double as_far = 0, ways = 0;
  do {
    std::vector<double> a, b;
    for (std::size_t i = 0; i < all.size(); ++i) (chosen[i] == 1 ? a : b).push_back(all[i]);
    ++ways;
    as_far += distance(a, b) >= distance(first, second);
  } while (std::next_permutation(chosen.begin(), chosen.end()));
  return as_far / ways;
}

TEST(MannWhitney, IsExactForSmallSamples) {
  EXPECT_NEAR(mann_whitney_p(std::vector<double>{1, 2, 3}, std::vector<double>{4, 5, 6}), 0.1, 1e-12);
  EXPECT_NEAR(mann_whitney_p(std::vector<double>{1, 2, 3, 4, 5}, std::vector<double>{6, 7, 8, 9, 10}), 2.0 / 252,
              1e-12);
  synthetic::Rounds source(9);
  for (int i = 0; i < 20; ++i) {
    std::vector<double> first, second;
    for (int k = 0; k < 4; ++k) first.push_back(source.round(synthetic::Noise::skewed));
    for (int k = 0; k < 6; ++k) second.push_back(source.round(synthetic::Noise::skewed));
    EXPECT_NEAR(mann_whitney_p(first, second), brute_force_mann_whitney(first, second), 1e-12);
  }
}

TEST(MannWhitney, TakesTiesAndLargeSamples) {
  std::vector<double> low, high, even, odd;
  for (int i = 0; i < 40; ++i) {
    low.push_back(i);
    high.push_back(i + 30);
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
  }
  EXPECT_LT(mann_whitney_p(low, high), 1e-8);
  EXPECT_GT(mann_whitney_p(even, odd), 0.8);
  EXPECT_EQ(mann_whitney_p(std::vector<double>(5, 1.0), std::vector<double>(5, 1.0)), 1);
  EXPECT_EQ(mann_whitney_p({}, low), 1);
}

TEST(PresetLooks, AreFixedInAdvance) {
  std::vector<std::uint32_t> looks;
  for (std::uint32_t rounds = 0; rounds <= 130; ++rounds) {
    if (is_preset_look(rounds)) looks.push_back(rounds);
  }
  EXPECT_EQ(looks, (std::vector<std::uint32_t>{10, 15, 20, 30, 40, 60, 80, 120}));
}

}  // namespace
}  // namespace xover
