// The order of a run, its time left and its end, with a clock and rounds that are made up.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "harness/agents/sweep.h"

namespace xover {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

// A machine on which the candidate overtakes at `crossing_bytes`, and on which each point takes its own time.
class FakeRun : public SweepView {
 public:
  struct Machine {
    double crossing_bytes = 50'000;
    double noise = 0.1;   // of a round's time
    double rejected = 0;  // share of the rounds
    double slower_than_guessed = 1;
    std::size_t lost_point = SIZE_MAX;
    bool narrow = false;
  };

  FakeRun(const Machine& machine, std::size_t series, const std::vector<std::uint64_t>& sizes) : machine_(machine) {
    for (std::size_t one = 0; one < series; ++one)
      for (const std::uint64_t size : sizes) points_.push_back({one, size, guess(one)});
  }

  const std::vector<SweepPoint>& points() const { return points_; }

  struct Moment {
    std::int64_t elapsed_ns = 0, remaining_ns = 0;
  };

  // The whole run; what it foretold before each round.
  void run(const SweepSettings& settings) {
    Sweep sweep(settings, points_, *this);
    outlook = sweep.outlook();
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> uniform(0, 1);
    while (const auto turn = sweep.next(elapsed_ns)) {
      moments.push_back({elapsed_ns, sweep.remaining_ns(elapsed_ns)});
      turns.push_back(*turn);
      const double factor = machine_.slower_than_guessed * (1 + machine_.noise * (2 * uniform(random) - 1));
      const auto took_ns = static_cast<std::int64_t>(factor * static_cast<double>(points_[turn->point].guess_ns));
      const bool accepted = uniform(random) >= machine_.rejected;
      elapsed_ns += took_ns;
      rounds_[turn->point] += accepted;
      sweep.took(took_ns, accepted);
    }
    ended_by_budget = sweep.ended_by_budget();
  }

  std::uint32_t rounds_at(std::uint64_t size_bytes, std::size_t series = 0) const {
    for (const auto& [point, rounds] : rounds_)
      if (points_[point].series == series && points_[point].size_bytes == size_bytes) return rounds;
    return 0;
  }

  std::vector<std::uint64_t> sizes_measured(std::size_t series = 0) const {
    std::vector<std::uint64_t> sizes;
    for (const auto& [point, rounds] : rounds_)
      if (points_[point].series == series && rounds > 0) sizes.push_back(points_[point].size_bytes);
    std::ranges::sort(sizes);
    return sizes;
  }

  bool runnable(std::size_t point) const override { return point != machine_.lost_point; }
  bool narrow_enough(std::size_t) const override { return machine_.narrow; }

  std::vector<Curve> curves(std::size_t series) const override {
    Curve curve;
    for (const std::uint64_t size : sizes_measured(series)) {
      const double ratio = std::sqrt(static_cast<double>(size) / machine_.crossing_bytes);
      SizedRatios at{size, {}};
      for (std::uint32_t round = 0; round < rounds_at(size, series); ++round)
        at.ratios.push_back({0, ratio * (1 + 0.001 * (round % 3))});
      curve.push_back(std::move(at));
    }
    return {curve};
  }

  SweepPoint add_size(std::size_t series, std::uint64_t size_bytes) override {
    points_.push_back({series, size_bytes, guess(series)});
    return points_.back();
  }

  std::int64_t elapsed_ns = 0;
  bool ended_by_budget = false;
  std::string outlook;
  std::vector<Sweep::Turn> turns;
  std::vector<Moment> moments;

 private:
  static std::int64_t guess(std::size_t series) { return second_ns / 4 * static_cast<std::int64_t>(series + 1); }

  Machine machine_;
  std::vector<SweepPoint> points_;
  std::map<std::size_t, std::uint32_t> rounds_;
};

std::vector<std::uint64_t> powers(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t size = first; size <= last; size *= 2) sizes.push_back(size);
  return sizes;
}

// How far off the time left was when this share of the run was over.
double off_at(const FakeRun& run, double share) {
  const auto moment = std::ranges::find_if(run.moments, [&](const FakeRun::Moment& one) {
    return static_cast<double>(one.elapsed_ns) >= share * static_cast<double>(run.elapsed_ns);
  });
  const auto truth = static_cast<double>(run.elapsed_ns - moment->elapsed_ns);
  return static_cast<double>(moment->remaining_ns) / truth - 1;
}

TEST(Sweep, WithoutABudgetEachStartVisitsEveryPointForItsShare) {
  FakeRun run({}, 1, {1024, 2048, 4096});
  run.run({.rounds = 6, .max_rounds = 6, .restarts = 2});
  std::vector<std::pair<std::size_t, std::uint32_t>> order;
  for (const Sweep::Turn& turn : run.turns) order.emplace_back(turn.point, turn.start);
  const std::vector<std::pair<std::size_t, std::uint32_t>> expected{{0, 0}, {0, 0}, {0, 0}, {1, 0}, {1, 0}, {1, 0},
                                                                    {2, 0}, {2, 0}, {2, 0}, {0, 1}, {0, 1}, {0, 1},
                                                                    {1, 1}, {1, 1}, {1, 1}, {2, 1}, {2, 1}, {2, 1}};
  EXPECT_EQ(order, expected);
  EXPECT_EQ(run.outlook, "");
  EXPECT_FALSE(run.ended_by_budget);
}

TEST(Sweep, ABudgetThatIsEnoughTakesAllRoundsInAsManyStarts) {
  FakeRun run({}, 2, powers(1024, 65536));
  run.run({.rounds = 10, .max_rounds = 10, .budget_ns = 3600 * second_ns});
  ASSERT_EQ(run.turns.size(), 140u);
  for (std::size_t i = 0; i < 140; ++i) EXPECT_EQ(run.turns[i].start, i / 70);
  for (const std::uint64_t size : powers(1024, 65536)) EXPECT_EQ(run.rounds_at(size, 1), 10u);
  EXPECT_FALSE(run.ended_by_budget);
}

TEST(Sweep, GoesOnAtTheLooksUntilIntervalsAreNarrow) {
  FakeRun narrow({.narrow = true}, 1, {1024}), wide({}, 1, {1024});
  narrow.run({.rounds = 10, .max_rounds = 40});
  wide.run({.rounds = 10, .max_rounds = 40});
  EXPECT_EQ(narrow.turns.size(), 10u);
  EXPECT_EQ(wide.turns.size(), 40u);
  EXPECT_EQ(wide.turns.back().start, 5u) << "two starts, and one for each of 15, 20, 30 and 40";
}

TEST(Sweep, APointThatIsLostHasNoTurns) {
  FakeRun run({.lost_point = 1}, 1, {1024, 2048, 4096});
  run.run({.rounds = 6, .max_rounds = 6});
  EXPECT_EQ(run.turns.size(), 12u);
  EXPECT_EQ(run.rounds_at(2048), 0u);
}

// 13 sizes of a quarter of a second: six rounds at all of them take 20 s.
TEST(Sweep, AShortBudgetBeginsWithFewSizesAndGoesOnWhereTheCurvesCross) {
  FakeRun run({}, 1, powers(1024, 4 << 20));
  run.run({.rounds = 10, .max_rounds = 10, .budget_ns = 14 * second_ns});
  std::vector<std::size_t> first;
  for (const Sweep::Turn& turn : run.turns)
    if (turn.start == 0 && (first.empty() || first.back() != turn.point)) first.push_back(turn.point);
  EXPECT_LT(first.size(), 8u);
  EXPECT_EQ(std::ranges::count(first, 0u), 1);
  EXPECT_EQ(std::ranges::count(first, 12u), 1);
  EXPECT_GE(run.rounds_at(64 << 10), 6u);
  EXPECT_GE(run.rounds_at(32 << 10), 6u) << "the sizes on both sides of the crossing";
  EXPECT_TRUE(run.ended_by_budget);
  EXPECT_NE(run.outlook.find("begins with 6 rounds at"), std::string::npos) << run.outlook;
}

TEST(Sweep, AMachineThatIsSlowerThanGuessedGetsFewerSizesAndNotFewerRounds) {
  for (const double slower : {1.0, 2.0, 4.0, 6.0}) {
    FakeRun run({.slower_than_guessed = slower}, 1, powers(1024, 4 << 20));
    run.run({.rounds = 6, .max_rounds = 6, .budget_ns = 40 * second_ns});
    const auto sizes = run.sizes_measured();
    EXPECT_EQ(sizes.front(), 1024u) << slower;
    EXPECT_EQ(sizes.back(), 4u << 20) << slower;
    const auto whole = [&](std::uint64_t size) { return run.rounds_at(size) >= 6; };
    EXPECT_GE(std::ranges::count_if(sizes, whole), 3) << slower;
    EXPECT_LE(std::ssize(sizes) - std::ranges::count_if(sizes, whole), 2) << "sizes without a verdict, " << slower;
  }
}

TEST(Sweep, NoRoundEndsBehindTheBudget) {
  for (const std::int64_t seconds : {3, 7, 20, 60}) {
    FakeRun run({.rejected = 0.2, .slower_than_guessed = 1.4}, 3, powers(1024, 4 << 20));
    run.run({.rounds = 10, .max_rounds = 20, .refine = 4, .budget_ns = seconds * second_ns});
    EXPECT_LE(run.elapsed_ns, seconds * second_ns);
    EXPECT_GE(run.elapsed_ns, (seconds - 2) * second_ns);
  }
}

TEST(Sweep, SixRoundsThatDoNotFitAreToldBefore) {
  FakeRun run({}, 1, powers(1024, 4 << 20));
  run.run({.rounds = 10, .max_rounds = 10, .budget_ns = 3 * second_ns});
  EXPECT_NE(run.outlook.find("too small for 6 rounds"), std::string::npos) << run.outlook;
  EXPECT_NE(run.outlook.find("about 4 there"), std::string::npos) << run.outlook;
  // What it can hold it shares out evenly.
  const auto sizes = run.sizes_measured();
  EXPECT_EQ(sizes.size(), 3u);
  for (const std::uint64_t size : sizes) EXPECT_GE(run.rounds_at(size), 3u);
}

TEST(Sweep, RefinesHalfWayBetweenTheSizesRoundTheCrossing) {
  FakeRun run({}, 2, powers(1024, 1 << 20));
  run.run({.rounds = 6, .max_rounds = 6, .refine = 2});
  for (const std::size_t series : {std::size_t{0}, std::size_t{1}}) {
    const auto sizes = run.sizes_measured(series);
    ASSERT_EQ(sizes.size(), 13u);
    const auto above = std::ranges::lower_bound(sizes, 50'000u);
    EXPECT_LT(static_cast<double>(*above) / static_cast<double>(*(above - 1)), 1.2);
    EXPECT_EQ(run.rounds_at(*above, series), 6u);
  }
}

TEST(Sweep, NothingIsRefinedWhereNothingCrosses) {
  FakeRun run({.crossing_bytes = 1e12}, 1, powers(1024, 65536));
  run.run({.rounds = 6, .max_rounds = 6, .refine = 3});
  EXPECT_EQ(run.sizes_measured().size(), 7u);
}

// Guesses are off by half, a tenth of the rounds are rejected, and some points take thrice as long as others.
TEST(Sweep, TimeLeftIsRightWithinAFifth) {
  const FakeRun::Machine machine{.noise = 0.3, .rejected = 0.1, .slower_than_guessed = 1.5};
  FakeRun free(machine, 3, powers(1024, 65536)), enough(machine, 3, powers(1024, 65536)),
      tight(machine, 3, powers(1024, 65536));
  free.run({.rounds = 10, .max_rounds = 10});
  enough.run({.rounds = 10, .max_rounds = 10, .budget_ns = 1000 * second_ns});
  tight.run({.rounds = 10, .max_rounds = 10, .budget_ns = 60 * second_ns});
  EXPECT_TRUE(tight.ended_by_budget);
  for (const FakeRun* run : {&free, &enough, &tight}) {
    for (const double share : {0.1, 0.3, 0.5, 0.6, 0.8}) {
      EXPECT_LT(std::fabs(off_at(*run, share)), 0.2) << "at " << share;
    }
  }
}

TEST(RoundTimes, GuessesAreMadeRightByTheRoundsOfOthers) {
  RoundTimes times;
  times.add_point(100);
  times.add_point(300);
  EXPECT_EQ(times.round_ns(1), 300);
  times.took(0, 200, true);
  EXPECT_EQ(times.round_ns(0), 200);
  EXPECT_EQ(times.round_ns(1), 600);
}

TEST(RoundTimes, FollowAMachineThatBecomesSlower) {
  RoundTimes times;
  times.add_point(100);
  for (int i = 0; i < 50; ++i) times.took(0, 100, true);
  for (int i = 0; i < 50; ++i) times.took(0, 200, true);
  EXPECT_GT(times.round_ns(0), 190);
}

TEST(RoundTimes, ARoundThatCountsHasItsShareOfThoseThatDoNot) {
  RoundTimes times;
  times.add_point(100);
  for (int i = 0; i < 100; ++i) times.took(0, 100, i % 2 == 0);
  EXPECT_NEAR(static_cast<double>(times.accepted_round_ns(0)), 200, 5);
}

TEST(SweepOrder, EveryStepHasTheEndsAndThreeSizes) {
  EXPECT_EQ(every(1, 4), (std::vector<std::size_t>{0, 1, 2, 3}));
  EXPECT_EQ(every(2, 6), (std::vector<std::size_t>{0, 2, 4, 5}));
  EXPECT_EQ(every(64, 9), (std::vector<std::size_t>{0, 4, 8}));
  EXPECT_EQ(every(64, 2), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(every(64, 1), (std::vector<std::size_t>{0}));
  EXPECT_TRUE(every(2, 0).empty());
}

}  // namespace
}  // namespace xover
