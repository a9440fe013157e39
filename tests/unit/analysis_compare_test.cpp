// Comparisons, gate bias and sequential stopping, on documents made by hand.
#include "harness/analysis/compare.h"

#include <gtest/gtest.h>

#include "harness/analysis/gate_bias.h"
#include "harness/analysis/stopping.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

using synthetic::cell_of;
using synthetic::steady;

ResultDocument document_with(Workload workload, std::vector<CellResult> cells) {
  ResultDocument document;
  document.plan.points.push_back(synthetic::point_of(workload));
  document.cells = std::move(cells);
  return document;
}

const Comparison* find(const ResultDocument& document, Metric metric) {
  for (const Comparison& comparison : document.comparisons) {
    if (comparison.metric == metric) return &comparison;
  }
  return nullptr;
}

std::vector<Sample> with_latency(std::vector<Sample> samples, std::uint64_t latency_ns) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (int k = 0; k < 100; ++k) samples[i].sender.latency.record(latency_ns + 10 * i);
  }
  return samples;
}

std::vector<Sample> with_cycles(std::vector<Sample> samples, double cycles_per_byte, CpuSource source) {
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Sample& sample = samples[i];
    sample.sender.cpu.source = sample.receiver.cpu.source = source;
    const double jitter = 1 + 0.001 * static_cast<double>(i % 3);
    sample.sender.cpu.cycles = 0.75 * cycles_per_byte * jitter * static_cast<double>(sample.receiver.bytes);
    sample.receiver.cpu.cycles = 0.25 * cycles_per_byte * jitter * static_cast<double>(sample.receiver.bytes);
  }
  return samples;
}

TEST(Compare, SaysFasterWhenMoreArrived) {
  auto document = document_with(Workload::stream,
                                {cell_of(0, "tcp.send", steady(10, 10)), cell_of(0, "tcp.sendmsg", steady(12, 10, 1))});
  compare(document);
  ASSERT_EQ(document.comparisons.size(), 1u);
  const Comparison& comparison = document.comparisons[0];
  EXPECT_EQ(comparison.baseline, "tcp.send");
  EXPECT_EQ(comparison.candidate, "tcp.sendmsg");
  EXPECT_EQ(comparison.verdict, Verdict::faster);
  EXPECT_EQ(comparison.rounds, 10u);
  EXPECT_NEAR(comparison.ratio.median, 1.2, 0.02);
  EXPECT_GT(comparison.ratio.low, 1.15);
  EXPECT_LT(comparison.ratio.high, 1.25);
  EXPECT_EQ(comparison.p_value, comparison.adjusted_p_value);
}

TEST(Compare, SaysSlowerWhenLessArrived) {
  auto document = document_with(Workload::stream,
                                {cell_of(0, "tcp.send", steady(10, 10)), cell_of(0, "tcp.sendmsg", steady(8, 10, 1))});
  compare(document);
  EXPECT_EQ(document.comparisons.at(0).verdict, Verdict::slower);
}

TEST(Compare, DoesNotSeparateEqualVariants) {
  auto document = document_with(
      Workload::stream, {cell_of(0, "tcp.send@lo=a", steady(10, 10)), cell_of(0, "tcp.send@lo=b", steady(10, 10, 1))});
  compare(document);
  EXPECT_EQ(document.comparisons.at(0).verdict, Verdict::indistinguishable);
  EXPECT_EQ(document.comparisons.at(0).candidate, "b");
}

TEST(Compare, GivesNoVerdictBelowSixPairs) {
  auto document = document_with(Workload::stream,
                                {cell_of(0, "tcp.send", steady(10, 5)), cell_of(0, "tcp.sendmsg", steady(20, 5, 1))});
  compare(document);
  EXPECT_EQ(document.comparisons.at(0).verdict, Verdict::too_few_rounds);
  EXPECT_EQ(document.comparisons.at(0).rounds, 5u);
}

TEST(Compare, FewerCyclesAndLessLatencyAreFaster) {
  auto document =
      document_with(Workload::pingpong,
                    {cell_of(0, "tcp.send", with_cycles(with_latency(steady(1, 10), 5000), 2, CpuSource::tsc)),
                     cell_of(0, "tcp.sendmsg", with_cycles(with_latency(steady(1, 10), 4000), 3, CpuSource::tsc))});
  compare(document);
  ASSERT_NE(find(document, Metric::latency_p50), nullptr);
  EXPECT_EQ(find(document, Metric::latency_p50)->verdict, Verdict::faster);
  EXPECT_NEAR(find(document, Metric::latency_p50)->ratio.median, 0.8, 0.01);
  EXPECT_EQ(find(document, Metric::latency_p99)->verdict, Verdict::faster);
  EXPECT_EQ(find(document, Metric::cpu)->verdict, Verdict::slower);
  EXPECT_EQ(find(document, Metric::goodput), nullptr) << "a ping-pong is not about goodput";
}

TEST(Compare, NeverDividesMeasuredByReferenceCycles) {
  auto document =
      document_with(Workload::stream, {cell_of(0, "tcp.send", with_cycles(steady(10, 10), 2, CpuSource::pmu)),
                                       cell_of(0, "tcp.sendmsg", with_cycles(steady(10, 10), 2, CpuSource::tsc))});
  compare(document);
  EXPECT_EQ(find(document, Metric::cpu), nullptr);
  EXPECT_NE(find(document, Metric::goodput), nullptr);
}

TEST(Compare, KeepsSubstratesAndLinksWithoutReceiverApart) {
  std::vector<CellResult> cells{cell_of(0, "null=floor", steady(900, 10)), cell_of(0, "tcp.send", steady(10, 10)),
                                cell_of(0, "tcp.sendmsg", steady(11, 10)), cell_of(0, "sdp.bcopy", steady(9, 10))};
  cells[0].has_receiver = false;
  cells[3].substrate = Substrate::simulated;
  auto document = document_with(Workload::stream, cells);
  compare(document);
  ASSERT_EQ(document.comparisons.size(), 1u);
  EXPECT_EQ(document.comparisons[0].baseline, "tcp.send");
  EXPECT_EQ(document.comparisons[0].candidate, "tcp.sendmsg");
}

TEST(Compare, HoldsWhatRanOnALinkAgainstTheFirstOnThatLink) {
  std::vector<CellResult> cells;
  for (const char* variant : {"tcp.sendmsg@lo", "tcp.zerocopy@lo", "tcp.sendmsg@veth_dma", "tcp.zerocopy@veth_dma",
                              "tcp.zerocopy@veth_dma[mtu=9000]", "udp.send@ifb", "udp.zerocopy@ifb"})
    cells.push_back(cell_of(0, variant, steady(10, 10, cells.size())));
  cells[5].has_receiver = cells[6].has_receiver = false;
  auto document = document_with(Workload::stream, cells);
  compare(document);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Comparison& comparison : document.comparisons)
    pairs.emplace_back(comparison.candidate, comparison.baseline);
  const std::vector<std::pair<std::string, std::string>> expected{{"tcp.zerocopy", "tcp.sendmsg"},
                                                                  {"tcp.sendmsg@veth_dma", "tcp.sendmsg"},
                                                                  {"tcp.zerocopy@veth_dma", "tcp.sendmsg@veth_dma"},
                                                                  {"tcp.zerocopy@veth_dma[mtu=9000]", "tcp.sendmsg"},
                                                                  {"udp.zerocopy@ifb", "udp.send@ifb"}};
  EXPECT_EQ(pairs, expected);
}

TEST(Compare, LeavesOutCellsThatDidNotRun) {
  std::vector<CellResult> cells{cell_of(0, "tcp.send", {}), cell_of(0, "tcp.sendmsg", steady(11, 10)),
                                cell_of(0, "tcp.zerocopy", steady(9, 10, 1))};
  cells[0].status = CellStatus::skipped;
  auto document = document_with(Workload::stream, cells);
  compare(document);
  ASSERT_EQ(document.comparisons.size(), 1u);
  EXPECT_EQ(document.comparisons[0].baseline, "tcp.sendmsg");
}

TEST(Compare, PairsByRoundAndOnlyWhatTheGateAccepted) {
  std::vector<CellResult> cells{cell_of(0, "tcp.send", steady(10, 10)), cell_of(0, "tcp.sendmsg", steady(12, 10))};
  // Rounds that slowed both alike: paired, the ratio does not move.
  for (CellResult& cell : cells) cell.rounds[3].sample = synthetic::sample_of(cell.variant.id == "tcp.send" ? 5 : 6);
  // A rejected round with another ratio must not count, nor one that only one cell has.
  for (CellResult& cell : cells) cell.rounds[4].accepted = false;
  cells[1].rounds[4].sample = synthetic::sample_of(100);
  cells[1].rounds[5].round = 77;
  cells[1].rounds[6].accepted = false;
  auto document = document_with(Workload::stream, cells);
  compare(document);
  EXPECT_EQ(document.comparisons.at(0).rounds, 7u);
  EXPECT_NEAR(document.comparisons.at(0).ratio.low, 1.2, 1e-6);
  EXPECT_NEAR(document.comparisons.at(0).ratio.high, 1.2, 1e-6);
}

TEST(Compare, RestartsTellRoundsApart) {
  std::vector<CellResult> cells{cell_of(0, "tcp.send", steady(10, 10)), cell_of(0, "tcp.sendmsg", steady(12, 10))};
  for (RoundRecord& round : cells[1].rounds) round.restart = 1;
  auto document = document_with(Workload::stream, cells);
  compare(document);
  EXPECT_TRUE(document.comparisons.empty());
}

TEST(Compare, CorrectsForManyVerdictsOfOneMetric) {
  ResultDocument document;
  // One comparison that just succeeds alone, among twenty that find nothing.
  for (std::size_t point = 0; point < 21; ++point) {
    document.plan.points.push_back(synthetic::point_of(Workload::stream));
    document.cells.push_back(cell_of(point, "tcp.send", steady(10, 10)));
    document.cells.push_back(cell_of(point, "tcp.sendmsg", steady(point == 0 ? 10.06 : 10, 10, 1)));
  }
  compare(document);
  ASSERT_EQ(document.comparisons.size(), 21u);
  const Comparison& first = document.comparisons[0];
  ASSERT_LT(first.p_value, 0.5);
  EXPECT_GT(first.adjusted_p_value, first.p_value);
  document.cells.resize(2);
  compare(document);
  ASSERT_EQ(document.comparisons.size(), 1u);
  EXPECT_EQ(document.comparisons[0].adjusted_p_value, document.comparisons[0].p_value);
}

std::vector<CellResult> cells_with_rejected(double ratio_when_rejected) {
  std::vector<CellResult> cells{cell_of(0, "tcp.send", steady(10, 24)), cell_of(0, "tcp.sendmsg", steady(12, 24, 1))};
  for (CellResult& cell : cells) {
    for (std::size_t i = 12; i < 24; ++i) {
      cell.rounds[i].accepted = false;
      if (cell.variant.id == "tcp.sendmsg")
        cell.rounds[i].sample =
            synthetic::sample_of(10 * ratio_when_rejected * (1 + 0.004 * static_cast<double>(i % 5)));
    }
  }
  return cells;
}

TEST(GateBias, IsSeenWhereRejectedRoundsTellAnotherStory) {
  auto document = document_with(Workload::stream, cells_with_rejected(0.9));
  check_gate_bias(document);
  ASSERT_NE(synthetic::find_warning(document.warnings, WarningKind::gate_biased), nullptr);
  check_gate_bias(document);
  EXPECT_EQ(document.warnings.size(), 1u) << "asked twice, said once";
}

TEST(GateBias, IsNotSeenWhereRejectedRoundsTellTheSame) {
  auto document = document_with(Workload::stream, cells_with_rejected(1.19));
  check_gate_bias(document);
  EXPECT_TRUE(document.warnings.empty());
}

TEST(NarrowEnough, AsksOnlyAtLooksAndOnlyForTheWidth) {
  auto with_rounds = [](std::size_t rounds, double candidate) {
    auto document = document_with(Workload::stream, {cell_of(0, "tcp.send", steady(10, rounds)),
                                                     cell_of(0, "tcp.sendmsg", steady(candidate, rounds, 1))});
    document.plan.stop_width_percent = 5;
    return document;
  };
  EXPECT_TRUE(narrow_enough(with_rounds(10, 12), 0));
  EXPECT_TRUE(narrow_enough(with_rounds(10, 10), 0)) << "no verdict, but narrow";
  EXPECT_FALSE(narrow_enough(with_rounds(11, 12), 0)) << "not a look";
  auto wide = with_rounds(10, 12);
  wide.plan.stop_width_percent = 0.01;
  EXPECT_FALSE(narrow_enough(wide, 0));
}

TEST(NarrowEnough, CountsAcceptedRoundsAndNeedsSomethingMeasured) {
  auto document = document_with(Workload::stream, {cell_of(0, "tcp.send", steady(10, 12))});
  EXPECT_FALSE(narrow_enough(document, 0));
  document.cells[0].rounds[0].accepted = document.cells[0].rounds[5].accepted = false;
  EXPECT_TRUE(narrow_enough(document, 0)) << "alone, a cell's own figure is asked";
  document.cells[0].status = CellStatus::failed;
  EXPECT_FALSE(narrow_enough(document, 0));
}

}  // namespace
}  // namespace xover
