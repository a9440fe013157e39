// Cost models of costs that are known: the lines, their intervals, and a knee only where there is one.
#include "harness/analysis/cost_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "harness/analysis/straight_lines.h"
#include "tests/support/sanitizer.h"
#include "tests/unit/analysis_crossover_trials.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

using synthetic::within;

const std::vector<std::uint64_t> sizes = synthetic::octaves_to_1m();

std::vector<SizedCosts> measured(synthetic::NoisyCosts& noise, const std::function<double(double)>& cost) {
  std::vector<double> truth;
  for (const std::uint64_t size_bytes : sizes) truth.push_back(cost(static_cast<double>(size_bytes)));
  return noise.measure(truth, sizes, 10);
}

double straight(double size_bytes) { return 2000 + 0.1 * size_bytes; }
// What a cache still held costs 0.3 beyond 100K.
double bent(double size_bytes) { return straight(size_bytes) + 0.2 * std::max(0.0, size_bytes - 100'000); }

TEST(StraightLines, FindALineExactly) {
  const StraightLine line = line_through(std::vector<SizedCost>{{1024, 2102.4}, {65536, 8553.6}, {1 << 20, 106857.6}});
  EXPECT_NEAR(line.fixed, 2000, 1e-6);
  EXPECT_NEAR(line.per_byte, 0.1, 1e-12);
  EXPECT_NEAR(line.squares, 0, 1e-12);
}

TEST(StraightLines, MeetAtTheKnee) {
  std::vector<SizedCost> costs;
  for (const std::uint64_t size_bytes : sizes) costs.push_back({double(size_bytes), bent(double(size_bytes))});
  const auto lines = best_two_lines(costs, 3);
  ASSERT_TRUE(lines);
  EXPECT_EQ(lines->split, 7U);
  EXPECT_NEAR(lines->knee_bytes, 100'000, 1);
  EXPECT_NEAR(lines->below.per_byte, 0.1, 1e-9);
  EXPECT_NEAR(lines->above.per_byte, 0.3, 1e-9);
}

TEST(StraightLines, NeedSizesToEitherSide) {
  std::vector<SizedCost> costs;
  for (double size_bytes = 1024; costs.size() < 5; size_bytes *= 2) costs.push_back({size_bytes, straight(size_bytes)});
  EXPECT_FALSE(best_two_lines(costs, 3));
  costs.push_back({1 << 20, straight(1 << 20)});
  EXPECT_EQ(best_two_lines(costs, 3)->split, 3U);
}

TEST(CostModels, HoldTheTruthInTheirIntervals) {
  constexpr std::size_t trials = test::under_sanitizer ? 20 : 200;
  synthetic::NoisyCosts noise(1, 0.05);
  std::size_t fixed = 0, per_byte = 0, knees = 0;
  for (std::size_t i = 0; i < trials; ++i) {
    const auto model = cost_model_of(measured(noise, straight), false);
    ASSERT_TRUE(model);
    fixed += within(model->line.fixed, 2000);
    per_byte += within(model->line.per_byte, 0.1);
    knees += model->knee.has_value();
    EXPECT_LT(model->error_percent, 6);
  }
  // Each size has its own t interval, so that those of the lines are rather too wide.
  const auto [fewest, most] = synthetic::binomial_band(trials, 0.95, 10'000);
  EXPECT_GE(fixed, fewest);
  EXPECT_GE(per_byte, fewest);
  EXPECT_LE(knees, trials - synthetic::binomial_band(trials, 1 - knee_significance, 10'000).first);
}

TEST(CostModels, FindTheKneeAndDrawNoLineThroughIt) {
  constexpr std::size_t trials = test::under_sanitizer ? 5 : 50;
  synthetic::NoisyCosts noise(2, 0.02);
  std::size_t found = 0, held = 0;
  for (std::size_t i = 0; i < trials; ++i) {
    const auto model = cost_model_of(measured(noise, bent), false);
    if (!model->knee) continue;
    ++found;
    held += within(model->knee->size_bytes, 100'000);
    EXPECT_NEAR(model->line.per_byte.median, 0.1, 0.02);
    EXPECT_NEAR(model->knee->above.per_byte.median, 0.3, 0.03);
  }
  EXPECT_GE(found, trials * 9 / 10);
  EXPECT_GE(held, found * 8 / 10);
}

TEST(CostModels, AreExactWhereTheFiguresAre) {
  std::vector<SizedCosts> exact;
  for (const std::uint64_t size_bytes : sizes) exact.push_back({size_bytes, {{0, bent(double(size_bytes))}}});
  EXPECT_FALSE(cost_model_of(exact, false)) << "one round tells nothing where there is noise";
  const auto model = cost_model_of(exact, true);
  ASSERT_TRUE(model && model->knee);
  EXPECT_NEAR(model->line.fixed.median, 2000, 1e-6);
  EXPECT_EQ(model->line.fixed.low, model->line.fixed.high);
  EXPECT_NEAR(model->knee->size_bytes.low, 100'000, 1);
  EXPECT_TRUE(model->virtual_time);
}

TEST(CostModels, LeaveALineThatIsNearlyStraightAlone) {
  std::vector<SizedCosts> exact;
  for (const std::uint64_t size_bytes : sizes) {
    const double size = static_cast<double>(size_bytes);
    exact.push_back({size_bytes, {{0, straight(size) * (size_bytes < 65536 ? 1 : 1.01)}}});
  }
  const auto model = cost_model_of(exact, true);
  EXPECT_FALSE(model->knee);
  EXPECT_LT(model->error_percent, straight_enough_percent);
  EXPECT_GT(model->error_percent, 0);
}

TEST(CostModels, NeedThreeSizesAndSixRounds) {
  synthetic::NoisyCosts noise(3, 0.01);
  auto costs = measured(noise, straight);
  EXPECT_TRUE(cost_model_of(std::span(costs).first(3), false));
  EXPECT_FALSE(cost_model_of(std::span(costs).first(2), false));
  costs[1].costs.resize(5);
  EXPECT_FALSE(cost_model_of(costs, false));
}

// 500 ns and 0.4 ns a byte, in every unit that the metrics have.
TEST(FindCostModels, CountNanosecondsAndCyclesOfAMessage) {
  ResultDocument document;
  for (const std::uint64_t size_bytes : {4096U, 16384U, 65536U}) {
    const std::size_t point = document.plan.points.size();
    document.plan.points.push_back(synthetic::point_of(Workload::stream, size_bytes));
    const double size = static_cast<double>(size_bytes), gbps = 8 * size / (500 + 0.4 * size);
    auto samples = synthetic::steady(gbps, 10, point, size_bytes);
    for (Sample& sample : samples) {
      sample.sender.cpu.source = sample.receiver.cpu.source = CpuSource::tsc;
      sample.sender.cpu.cycles = (1000 + 0.2 * size) / size * static_cast<double>(sample.receiver.bytes);
    }
    document.cells.push_back(synthetic::cell_of(point, "tcp.send", samples));
  }
  find_cost_models(document);
  ASSERT_EQ(document.cost_models.size(), 2U);
  const CostModel &time = document.cost_models[0], &cycles = document.cost_models[1];
  EXPECT_EQ(time.variant, "tcp.send");
  EXPECT_EQ(time.metric, Metric::goodput);
  EXPECT_NEAR(time.line.fixed.median, 500, 30);
  EXPECT_NEAR(time.line.per_byte.median, 0.4, 0.01);
  EXPECT_EQ(time.sizes_tested, (std::vector<std::uint64_t>{4096, 16384, 65536}));
  EXPECT_EQ(cycles.metric, Metric::cpu);
  EXPECT_NEAR(cycles.line.fixed.median, 1000, 1);
  EXPECT_NEAR(cycles.line.per_byte.median, 0.2, 0.001);
  for (PlannedPoint& planned : document.plan.points) planned.point.mix = Mix::web;
  find_cost_models(document);
  EXPECT_TRUE(document.cost_models.empty()) << "mixed sizes are no one size";
}

}  // namespace
}  // namespace xover
