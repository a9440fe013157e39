// How far figures follow the machine's speed, on synthetic runs whose truth is known, and what a diff makes of it.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "harness/analysis/diff.h"
#include "harness/analysis/machine_speed.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

// Rounds in which the machine's speed wanders by 10 %, and each of its readings errs by 8 %.
class WanderingMachine {
 public:
  explicit WanderingMachine(std::uint64_t seed) : random_(seed) {}

  // `speed` and `figure`: the run's levels; the figure follows the speed by `slope`, and errs by 5 %.
  std::vector<SpeedRound> run(double speed, double figure, double slope, std::uint32_t rounds = 60) {
    std::vector<SpeedRound> all;
    for (std::uint32_t i = 0; i < rounds; ++i) {
      const double wander = 0.1 * normal_(random_);
      const auto reading = [&] { return speed * std::exp(wander + 0.08 * normal_(random_)); };
      const double value = figure * std::pow(speed / 30, slope) * std::exp(slope * wander + 0.05 * normal_(random_));
      const double before = reading(), after = reading();
      all.push_back({{i / 6, value}, {before, after}});
    }
    return all;
  }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

TEST(MachineSpeed, TheSlopeIsFoundThoughReadingsErr) {
  for (const double truth : {0.0, 0.5, 1.0}) {
    double sum = 0, within = 0;
    constexpr int trials = 100;
    for (int i = 0; i < trials; ++i) {
      WanderingMachine machine(static_cast<std::uint64_t>(i));
      const auto slope = speed_slope(machine.run(30, 40, truth), machine.run(24, 40, truth));
      sum += slope.value / trials;
      within += std::fabs(slope.value - truth) < 2.5 * std::sqrt(slope.variance) ? 1.0 / trials : 0;
    }
    EXPECT_NEAR(sum, truth, 0.06) << truth;
    EXPECT_GT(within, 0.9) << truth;
  }
}

TEST(MachineSpeed, RoundsThatSayNothingLeaveWhatIsUsual) {
  const std::vector<SpeedRound> same(12, {{0, 40.0}, {30, 30}});
  const SpeedSlope slope = speed_slope(same, same);
  EXPECT_DOUBLE_EQ(slope.value, 0.75);
  EXPECT_DOUBLE_EQ(slope.variance, 0.16);
}

TEST(MachineSpeed, FiguresMoveToOneSpeed) {
  const std::vector<SpeedRound> rounds{{{3, 10.0}, {20, 20}}, {{4, 10.0}, {40, 40}}};
  const auto moved = at_one_speed(rounds, 1, std::log(40.0));
  EXPECT_DOUBLE_EQ(moved[0].value, 20);
  EXPECT_DOUBLE_EQ(moved[1].value, 10);
  EXPECT_EQ(moved[0].restart, 3U);
  EXPECT_NEAR(log_speed(rounds), std::log(std::sqrt(20.0 * 40.0)), 1e-12);
}

// A document with one cell whose rounds are these.
ResultDocument document_of(const std::vector<SpeedRound>& rounds) {
  ResultDocument document;
  document.environment.facts = {{"kernel", "Linux 6.18"}};
  document.plan.points.push_back(synthetic::point_of(Workload::stream, 65536));
  CellResult cell = synthetic::cell_of(0, "tcp.send@lo", synthetic::steady(1, rounds.size()));
  for (std::size_t i = 0; i < rounds.size(); ++i) {
    RoundRecord& round = cell.rounds[i];
    round = {};
    round.restart = rounds[i].observation.restart;
    round.round = static_cast<std::uint32_t>(i);
    round.speed = rounds[i].speed;
    round.sample = synthetic::steady(rounds[i].observation.value, 1).front();
  }
  document.plan.points.back().variants = {cell.variant};
  document.cells.push_back(std::move(cell));
  return document;
}

DiffVerdict verdict_of(const Diff& found) {
  for (const CellDifference& difference : found.differences)
    if (difference.metric == Metric::goodput) return difference.verdict;
  throw std::runtime_error("no goodput");
}

TEST(MachineSpeed, ADiffTellsTheMachineFromTheTransport) {
  int mistaken = 0, missed = 0, mistaken_as_measured = 0;
  constexpr int trials = 20;
  for (int i = 0; i < trials; ++i) {
    WanderingMachine machine(static_cast<std::uint64_t>(1000 + i));
    const ResultDocument first = document_of(machine.run(30, 40, 1, 120)),
                         faster_machine = document_of(machine.run(36, 40, 1, 120)),
                         slower_transport = document_of(machine.run(36, 35, 1, 120));
    mistaken += verdict_of(diff(first, faster_machine)) == DiffVerdict::real;
    mistaken_as_measured += verdict_of(diff(first, faster_machine, 2, false)) == DiffVerdict::real;
    missed += verdict_of(diff(first, slower_transport)) != DiffVerdict::real;
  }
  EXPECT_LE(mistaken, 3);
  EXPECT_LE(missed, 2);
  EXPECT_GE(mistaken_as_measured, 15);  // or the machines above show nothing
}

TEST(MachineSpeed, TwoMachinesAreNotHeldToOneSpeed) {
  WanderingMachine machine(7);
  const ResultDocument a = document_of(machine.run(30, 40, 1));
  ResultDocument b = document_of(machine.run(36, 40, 1));
  EXPECT_TRUE(diff(a, b).speed_ratio.has_value());
  b.environment.facts["kernel"] = "Linux 7.0";
  EXPECT_FALSE(diff(a, b).speed_ratio.has_value());
}

}  // namespace
}  // namespace xover
