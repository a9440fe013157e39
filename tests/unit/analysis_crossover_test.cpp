// Crossovers on ratios whose truth is known: the interval holds it as often as 95 % says, and what is no crossover is
// called by its name.
#include "harness/analysis/crossover.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "tests/support/sanitizer.h"
#include "tests/unit/analysis_document.h"
#include "tests/unit/analysis_synthetic.h"

namespace xover {
namespace {

using synthetic::Noise;

const std::vector<std::uint64_t> octaves{1024, 2048, 4096, 8192, 16384, 32768, 65536};

// Rounds at each size, of a candidate that is `truth` times its baseline there.
std::vector<SizedRatios> series_of(synthetic::Rounds& source, Noise noise, std::size_t rounds,
                                   const std::function<double(double)>& truth) {
  std::vector<SizedRatios> sizes;
  for (const std::uint64_t size_bytes : octaves)
    sizes.push_back({size_bytes, source.ratios(noise, rounds, truth(static_cast<double>(size_bytes)))});
  return sizes;
}

// A power of the size that is 1 at `crossover_bytes`: what zero-copy gains grows with the size.
std::function<double(double)> crossing_at(double crossover_bytes, double exponent = 0.1) {
  return [=](double size_bytes) { return std::pow(size_bytes / crossover_bytes, exponent); };
}

CrossoverVerdict verdict_of(const std::function<double(double)>& truth, std::size_t rounds = 15) {
  synthetic::Rounds source(1);
  return crossover_of(series_of(source, Noise::normal, rounds, truth)).value().verdict;
}

// Rounds that are nearly all alike, as latencies out of a histogram's buckets are, may have no finite interval.
TEST(Crossover, ASizeWithoutAnIntervalDecidesNothing) {
  std::vector<SizedRatios> sizes;
  for (const std::uint64_t size_bytes : octaves) sizes.push_back({size_bytes, {}});
  for (std::uint32_t round = 0; round < 30; ++round) {
    const double noise = 1 + 1e-3 * (round % 7);
    for (SizedRatios& size : sizes) size.ratios.push_back({round % 2, (size.size_bytes < 8192 ? 0.5 : 1.5) * noise});
    sizes[3].ratios.back().value = round < 23 ? 1.0 : 1.01;
  }
  ASSERT_FALSE(std::isfinite(estimate(sizes[3].ratios).log_reach));
  EXPECT_EQ(crossover_of(sizes).value().verdict, CrossoverVerdict::not_separable);
}

class CrossoverCoverage : public testing::TestWithParam<std::tuple<Noise, std::size_t>> {};

// The bounds are those of a binomial of 200 at 99.9 %. Where a run could not tell, it must say so, not err.
TEST_P(CrossoverCoverage, NineteenOfTwentyIntervalsHoldTheTruth) {
  const auto [noise, rounds] = GetParam();
  constexpr int repetitions = test::under_sanitizer ? 20 : 200;
  constexpr int most_missed = test::under_sanitizer ? 5 : 21;
  synthetic::Rounds source(rounds);
  int held = 0, found = 0;
  for (int i = 0; i < repetitions; ++i) {
    // Somewhere between two of the sizes, another place each time.
    const double truth = 5000 * std::pow(2, static_cast<double>(i) / repetitions);
    const auto crossover = crossover_of(series_of(source, noise, rounds, crossing_at(truth)));
    ASSERT_TRUE(crossover);
    if (crossover->verdict != CrossoverVerdict::at) continue;
    ++found;
    held += synthetic::holds(crossover->size_bytes, truth);
    EXPECT_LE(crossover->size_bytes.low, crossover->size_bytes.median);
    EXPECT_LE(crossover->size_bytes.median, crossover->size_bytes.high);
  }
  RecordProperty("found", found);
  RecordProperty("held", held);
  EXPECT_GE(found, repetitions * 8 / 10);
  EXPECT_GE(held, found - most_missed);
  if (!test::under_sanitizer) {
    EXPECT_LE(held, found - 1) << "no interval ever misses: far too wide";
  }
}

INSTANTIATE_TEST_SUITE_P(Synthetic, CrossoverCoverage,
                         testing::Values(std::tuple(Noise::normal, 10u), std::tuple(Noise::normal, 20u),
                                         std::tuple(Noise::contaminated, 10u), std::tuple(Noise::normal, 30u)),
                         [](const auto& test) {
                           return std::string(synthetic::name(std::get<0>(test.param))) + "_" +
                                  std::to_string(std::get<1>(test.param)) + "_rounds";
                         });

TEST(Crossover, IsBetweenTheSizesWhereTheRatioCrosses) {
  std::vector<SizedRatios> sizes;
  for (const auto& [size_bytes, ratio] : {std::pair(4096, 0.8), std::pair(8192, 0.9), std::pair(16384, 1.0 / 0.9)})
    sizes.push_back({static_cast<std::uint64_t>(size_bytes), std::vector<Observation>(10, {0, ratio})});
  const auto crossover = crossover_of(sizes);
  ASSERT_TRUE(crossover);
  EXPECT_EQ(crossover->verdict, CrossoverVerdict::at);
  // Half-way on the scale of logarithms, and rounds that do not differ leave no doubt.
  EXPECT_NEAR(crossover->size_bytes.median, 8192 * std::sqrt(2), 1);
  EXPECT_NEAR(crossover->size_bytes.low, crossover->size_bytes.high, 1);
}

TEST(Crossover, IsTheSameEachTime) {
  synthetic::Rounds source(2);
  const auto sizes = series_of(source, Noise::normal, 10, crossing_at(9000));
  EXPECT_EQ(crossover_of(sizes)->size_bytes.low, crossover_of(sizes)->size_bytes.low);
  EXPECT_EQ(crossover_of(sizes)->size_bytes.high, crossover_of(sizes)->size_bytes.high);
}

TEST(Crossover, MoreRoundsTellItMoreClosely) {
  synthetic::Rounds source(3);
  const auto width = [&](std::size_t rounds) {
    const Interval size = crossover_of(series_of(source, Noise::normal, rounds, crossing_at(9000)))->size_bytes;
    return std::log2(size.high / size.low);
  };
  EXPECT_LT(width(80), width(10) / 1.5);
}

TEST(Crossover, SaysWhenAllSizesAreOnOneSide) {
  EXPECT_EQ(verdict_of(crossing_at(100)), CrossoverVerdict::below_tested);
  EXPECT_EQ(verdict_of(crossing_at(1 << 20)), CrossoverVerdict::above_tested);
}

TEST(Crossover, SaysNoneWhereTheCandidateFallsBack) {
  EXPECT_EQ(verdict_of(crossing_at(9000, -0.1)), CrossoverVerdict::none) << "ahead at small sizes alone";
  // A dip at the knee of a cache: ahead, behind at two sizes, ahead again.
  const auto dip = [](double size_bytes) { return size_bytes == 8192 || size_bytes == 16384 ? 0.8 : 1.2; };
  EXPECT_EQ(verdict_of(dip), CrossoverVerdict::none);
  const auto late_dip = [](double size_bytes) { return size_bytes < 4096 || size_bytes == 65536 ? 0.8 : 1.2; };
  EXPECT_EQ(verdict_of(late_dip), CrossoverVerdict::none);
}

TEST(Crossover, IsNotSeparableWhereNothingDiffersOrTheLargestSizesDoNot) {
  EXPECT_EQ(verdict_of([](double) { return 1.0; }), CrossoverVerdict::not_separable);
  const auto even_from_8k = [](double size_bytes) { return size_bytes < 8192 ? 0.8 : 1.0; };
  EXPECT_EQ(verdict_of(even_from_8k), CrossoverVerdict::not_separable);
  const auto even_up_to_8k = [](double size_bytes) { return size_bytes > 8192 ? 1.2 : 1.0; };
  EXPECT_EQ(verdict_of(even_up_to_8k), CrossoverVerdict::not_separable);
}

// Equal variants are never "none", and hardly ever anything but not separable.
TEST(Crossover, EqualVariantsSeldomCross) {
  constexpr int repetitions = test::under_sanitizer ? 40 : 200;
  synthetic::Rounds source(4);
  int called = 0;
  for (int i = 0; i < repetitions; ++i) {
    const auto verdict = crossover_of(series_of(source, Noise::normal, 10, [](double) { return 1.0; }))->verdict;
    called += verdict != CrossoverVerdict::not_separable;
  }
  EXPECT_LE(called, repetitions / 10);
}

TEST(Crossover, TakesSixRoundsAndThreeSizes) {
  synthetic::Rounds source(5);
  auto sizes = series_of(source, Noise::normal, 6, crossing_at(9000));
  EXPECT_TRUE(crossover_of(sizes));
  sizes[2].ratios.pop_back();
  EXPECT_FALSE(crossover_of(sizes));
  EXPECT_FALSE(crossover_of(std::span(sizes).subspan(4, 2)));
  EXPECT_TRUE(crossover_of(std::span(sizes).subspan(3, 3)));
}

TEST(Crossover, IsConfirmedByFreshRoundsThatAreAboutEqual) {
  synthetic::Rounds source(7);
  const auto fresh = [&](double ratio) { return confirmation_of({9000, source.ratios(Noise::normal, 20, ratio), {}}); };
  EXPECT_TRUE(fresh(1.0).agrees);
  EXPECT_TRUE(fresh(1.04).agrees);
  EXPECT_FALSE(fresh(1.2).agrees);
  EXPECT_FALSE(fresh(0.8).agrees);
  EXPECT_EQ(fresh(1.0).rounds, 20U);
  EXPECT_EQ(fresh(1.0).size_bytes, 9000U);
  EXPECT_FALSE(confirmation_of({9000, {}, {}}).agrees) << "nothing was asked";
}

// What a start of the agents gets by luck concerns all sizes alike, so it moves the crossover as a whole.
TEST(Crossover, IntervalsHoldTheTruthWhenRestartsDiffer) {
  constexpr int repetitions = test::under_sanitizer ? 40 : 200;
  synthetic::Rounds source(6);
  int held = 0, found = 0;
  for (int i = 0; i < repetitions; ++i) {
    std::vector<SizedRatios> sizes;
    for (const std::uint64_t size_bytes : octaves) sizes.push_back({size_bytes, {}});
    for (std::uint32_t restart = 0; restart < 8; ++restart) {
      const double luck = source.round(Noise::normal);
      for (SizedRatios& size : sizes) {
        for (Observation& ratio : source.ratios(Noise::normal, 2, 1)) {
          const double truth = crossing_at(6000)(static_cast<double>(size.size_bytes));
          size.ratios.push_back({restart, luck * truth * std::pow(ratio.value, 0.2)});
        }
      }
    }
    const auto crossover = crossover_of(sizes);
    if (crossover->verdict != CrossoverVerdict::at) continue;
    ++found;
    held += synthetic::holds(crossover->size_bytes, 6000);
  }
  RecordProperty("found", found);
  RecordProperty("held", held);
  EXPECT_GE(found, repetitions * 9 / 10);
  EXPECT_GE(held, found * 9 / 10);
}

// A run of tcp.send and tcp.zerocopy over one link at these sizes; zero-copy gains from 8K on.
void add_ladder(ResultDocument& document, const std::string& link, std::uint32_t connections = 1) {
  for (const std::uint64_t size_bytes : {4096u, 8192u, 16384u, 32768u}) {
    const std::size_t point = document.plan.points.size();
    document.plan.points.push_back(synthetic::point_of(Workload::stream, size_bytes, connections));
    const double ratio = std::pow(static_cast<double>(size_bytes) / 11000, 0.2);
    document.cells.push_back(synthetic::cell_of(point, "tcp.send" + link, synthetic::steady(10, 10)));
    document.cells.push_back(synthetic::cell_of(point, "tcp.zerocopy" + link, synthetic::steady(10 * ratio, 10, 1)));
  }
}

TEST(FindCrossovers, JoinsThePointsThatDifferInSizeAlone) {
  ResultDocument document;
  add_ladder(document, "");
  add_ladder(document, "", 4);
  find_crossovers(document);
  ASSERT_EQ(document.crossovers.size(), 2u);
  for (const Crossover& crossover : document.crossovers) {
    EXPECT_EQ(crossover.baseline, "tcp.send");
    EXPECT_EQ(crossover.candidate, "tcp.zerocopy");
    EXPECT_EQ(crossover.metric, Metric::goodput);
    EXPECT_EQ(crossover.verdict, CrossoverVerdict::at);
    EXPECT_NEAR(crossover.size_bytes.median, 11000, 500);
    EXPECT_EQ(crossover.sizes_tested, (std::vector<std::uint64_t>{4096, 8192, 16384, 32768}));
  }
  EXPECT_EQ(document.crossovers[0].point_index, 0u);
  EXPECT_EQ(document.crossovers[1].point_index, 4u);
}

TEST(FindCrossovers, DoesNotCareInWhichOrderThePlanHasTheSizes) {
  ResultDocument document;
  add_ladder(document, "");
  std::swap(document.plan.points[0].point.size_bytes, document.plan.points[3].point.size_bytes);
  for (CellResult& cell : document.cells) {
    if (cell.point_index == 0 || cell.point_index == 3) cell.point_index = 3 - cell.point_index;
  }
  find_crossovers(document);
  ASSERT_EQ(document.crossovers.size(), 1u);
  EXPECT_NEAR(document.crossovers[0].size_bytes.median, 11000, 500);
  EXPECT_EQ(document.crossovers[0].point_index, 3u) << "that of the smallest size";
}

TEST(FindCrossovers, LooksAtEachLinkByItself) {
  ResultDocument document;
  for (const std::uint64_t size_bytes : {4096u, 8192u, 16384u}) {
    const std::size_t point = document.plan.points.size();
    document.plan.points.push_back(synthetic::point_of(Workload::stream, size_bytes));
    double gbps = 8;
    for (const char* variant : {"tcp.send@lo", "tcp.zerocopy@lo", "tcp.send@veth[mtu=9000]",
                                "tcp.zerocopy@veth[mtu=9000]", "tcp.send@veth", "udp.send@ifb", "udp.zerocopy@ifb"})
      document.cells.push_back(synthetic::cell_of(point, variant, synthetic::steady(gbps += 1, 10, point)));
    for (std::size_t back = 1; back <= 2; ++back) document.cells[document.cells.size() - back].has_receiver = false;
  }
  find_crossovers(document);
  ASSERT_EQ(document.crossovers.size(), 3u);
  EXPECT_EQ(document.crossovers[0].candidate, "tcp.zerocopy");
  EXPECT_EQ(document.crossovers[1].baseline, "tcp.send@veth[mtu=9000]");
  EXPECT_EQ(document.crossovers[1].candidate, "tcp.zerocopy@veth[mtu=9000]");
  EXPECT_EQ(document.crossovers[2].baseline, "udp.send@ifb");
  for (const Crossover& crossover : document.crossovers)
    EXPECT_EQ(crossover.verdict, CrossoverVerdict::below_tested) << crossover.candidate;
}

TEST(FindCrossovers, FewerCyclesAreAhead) {
  ResultDocument document;
  add_ladder(document, "");
  for (CellResult& cell : document.cells) {
    for (RoundRecord& round : cell.rounds) {
      SideReport& sender = round.sample.sender;
      sender.cpu.source = round.sample.receiver.cpu.source = CpuSource::tsc;
      // The same cycles for what was moved in the window: the faster the cheaper.
      sender.cpu.cycles = 1e9;
    }
  }
  find_crossovers(document);
  ASSERT_EQ(document.crossovers.size(), 2u);
  EXPECT_EQ(document.crossovers[1].metric, Metric::cpu);
  EXPECT_EQ(document.crossovers[1].verdict, CrossoverVerdict::at);
  EXPECT_NEAR(document.crossovers[1].size_bytes.median, document.crossovers[0].size_bytes.median, 1);
}

TEST(FindCrossovers, LeavesOutWhatDidNotRun) {
  ResultDocument document;
  add_ladder(document, "");
  document.cells[1].status = CellStatus::failed;
  find_crossovers(document);
  ASSERT_EQ(document.crossovers.size(), 1u);
  EXPECT_EQ(document.crossovers[0].point_index, 1u);
  document.cells[3].status = CellStatus::skipped;
  find_crossovers(document);
  EXPECT_TRUE(document.crossovers.empty()) << "two sizes are left";
}

}  // namespace
}  // namespace xover
