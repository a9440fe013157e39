// Samples, aggregates and the warnings that figures call for, on documents made by hand.
#include "harness/analysis/summarise.h"

#include <gtest/gtest.h>

#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

using synthetic::cell_of;
using synthetic::find_warning;
using synthetic::steady;

ResultDocument summarised(CellResult cell, Workload workload = Workload::stream) {
  ResultDocument document;
  document.plan.points.push_back(synthetic::point_of(workload));
  document.cells.push_back(std::move(cell));
  summarise(document);
  return document;
}

TEST(Sample, GoodputIsWhatArrivedDrainIncluded) {
  Sample sample;
  sample.sender.bytes = 2000;
  sample.sender.first_ns = 100;
  sample.sender.last_ns = 1100;
  sample.receiver.bytes = 1000;
  sample.receiver.first_ns = 500;
  sample.receiver.last_ns = 4100;
  EXPECT_EQ(sample.window_ns(), 4000);
  EXPECT_DOUBLE_EQ(sample.goodput_gbps(), 2.0);       // 8000 bits in 4000 ns
  EXPECT_DOUBLE_EQ(sample.handed_over_gbps(), 16.0);  // 16000 bits in 1000 ns
}

TEST(Sample, WithoutReceiverHasNoGoodput) {
  Sample sample;
  sample.sender.bytes = 1000;
  sample.sender.first_ns = 100;
  sample.sender.last_ns = 1100;
  EXPECT_EQ(sample.window_ns(), 1000);
  EXPECT_EQ(sample.goodput_gbps(), 0);
  EXPECT_DOUBLE_EQ(sample.handed_over_gbps(), 8.0);
  EXPECT_EQ(Sample{}.goodput_gbps(), 0);
  EXPECT_EQ(Sample{}.handed_over_gbps(), 0);
}

TEST(Summarise, TakesTheMedianOfTheAcceptedRounds) {
  CellResult cell = cell_of(0, "tcp.send", steady(10, 11));
  cell.rounds[2].accepted = false;
  cell.rounds[2].sample = synthetic::sample_of(500);
  const ResultDocument document = summarised(cell);
  const Interval& goodput = document.cells[0].goodput_gbps;
  EXPECT_NEAR(goodput.median, 10, 0.05);
  EXPECT_LT(goodput.low, goodput.median);
  EXPECT_GT(goodput.high, goodput.median);
  EXPECT_LT(goodput.high, 10.2);
  EXPECT_NEAR(document.cells[0].messages_per_second.median, 10e9 / 8 / 65536, 200);
  EXPECT_EQ(document.cells[0].cycles_per_byte.median, 0) << "no cycles were counted";
}

TEST(Summarise, WithoutReceiverFillsWhatWasHandedOver) {
  CellResult cell = cell_of(0, "null", steady(10, 8));
  cell.has_receiver = false;
  const ResultDocument document = summarised(cell);
  EXPECT_EQ(document.cells[0].goodput_gbps.median, 0);
  EXPECT_NEAR(document.cells[0].handed_over_gbps.median, 10, 0.1);
}

TEST(Summarise, MergesHistogramsInsteadOfAveragingPercentiles) {
  CellResult cell = cell_of(0, "tcp.send", steady(1, 3));
  cell.rounds[2].accepted = false;
  cell.rounds[2].sample.sender.latency.record(5'000'000);
  cell.rounds[2].sample.sender.ledger.complete(Handover::zero_copied, 1);
  for (int i = 0; i < 990; ++i) cell.rounds[0].sample.sender.latency.record(1000);
  for (int i = 0; i < 10; ++i) cell.rounds[1].sample.sender.latency.record(100'000);
  const ResultDocument document = summarised(cell, Workload::pingpong);
  const LatencySummary& latency = document.cells[0].latency;
  EXPECT_EQ(latency.count, 1000u);
  EXPECT_NEAR(latency.p50_us, 1, 0.001);
  EXPECT_NEAR(latency.p99_us, 1, 0.001);
  EXPECT_NEAR(latency.p999_us, 100, 0.1);
  EXPECT_DOUBLE_EQ(latency.max_us, 100);
  EXPECT_EQ(document.cells[0].sender_ledger[Handover::zero_copied], 0u);
}

TEST(Summarise, AddsLedgersAndCycles) {
  CellResult cell = cell_of(0, "tcp.send", steady(8, 3));
  for (RoundRecord& round : cell.rounds) {
    round.sample.sender.cpu.source = round.sample.receiver.cpu.source = CpuSource::tsc;
    round.sample.sender.cpu.cycles = 2 * static_cast<double>(round.sample.receiver.bytes);
    round.sample.receiver.cpu.cycles = static_cast<double>(round.sample.receiver.bytes);
  }
  const ResultDocument document = summarised(cell);
  EXPECT_NEAR(document.cells[0].cycles_per_byte.median, 3, 1e-9);
  EXPECT_GT(document.cells[0].sender_ledger.completed_bytes, 2'900'000'000u);
  EXPECT_TRUE(document.cells[0].sender_ledger.balanced());
  EXPECT_NE(find_warning(document.cells[0].warnings, WarningKind::reference_cycles), nullptr);
}

TEST(Summarise, MayBeCalledAgain) {
  CellResult cell = cell_of(0, "tcp.send", steady(10, 10));
  cell.warnings.push_back({WarningKind::unpinned, "by someone else"});
  cell.rounds[0].sample.receiver.lost_messages = 3;
  ResultDocument document = summarised(cell);
  const CellResult once = document.cells[0];
  summarise(document);
  EXPECT_EQ(document.cells[0].warnings, once.warnings);
  EXPECT_EQ(document.cells[0].sender_ledger.completed_bytes, once.sender_ledger.completed_bytes);
  EXPECT_EQ(document.cells[0].latency.count, once.latency.count);
  EXPECT_NE(find_warning(document.cells[0].warnings, WarningKind::unpinned), nullptr);
}

TEST(Warnings, AQuietCellHasNone) {
  EXPECT_TRUE(summarised(cell_of(0, "tcp.send", steady(10, 10))).cells[0].warnings.empty());
}

TEST(Warnings, ACellWithoutAcceptedRoundsHasNone) {
  CellResult cell = cell_of(0, "tcp.send", steady(10, 2));
  for (RoundRecord& round : cell.rounds) round.accepted = false;
  const ResultDocument document = summarised(cell);
  EXPECT_TRUE(document.cells[0].warnings.empty());
  EXPECT_EQ(document.cells[0].goodput_gbps.median, 0);
}

TEST(Warnings, NameWhatWasSeen) {
  CellResult cell = cell_of(0, "tcp.zerocopy", steady(0.01, 10));  // about 19 messages in each sample
  for (std::size_t i = 0; i < cell.rounds.size(); ++i) {
    Sample& sample = cell.rounds[i].sample;
    if (i % 2 == 0) sample = synthetic::sample_of(0.005);
    sample.sender.ledger = {};
    sample.sender.ledger.complete(Handover::kernel_after_request, sample.sender.bytes);
    sample.sender.facts["congestion_control"] = "bbr";
    sample.sender.counters["enobufs_stalls"] = 2;
    sample.receiver.lost_messages = 1;
  }
  const std::vector<Warning> warnings = summarised(cell).cells[0].warnings;
  for (WarningKind kind : {WarningKind::noisy, WarningKind::short_samples, WarningKind::copied_after_request,
                           WarningKind::bbr_without_fq, WarningKind::optmem_low, WarningKind::losses}) {
    EXPECT_NE(find_warning(warnings, kind), nullptr) << to_string(kind);
  }
  EXPECT_EQ(find_warning(warnings, WarningKind::optmem_low)->detail, "20 stalls, 0 notifications");
  EXPECT_EQ(warnings.size(), 6u);
}

TEST(Warnings, WaitingForDelayedAcknowledgementsIsNamed) {
  CellResult cell = cell_of(0, "tcp.zerocopy", steady(1, 6));
  for (RoundRecord& round : cell.rounds) {
    SideReport& sender = round.sample.sender;
    sender.facts["nodelay"] = "off";
    for (int i = 0; i < 1000; ++i) sender.latency.record(i % 50 == 0 ? 41'000'000 : 70'000);
  }
  const auto warned = [](const CellResult& seen) {
    return find_warning(summarised(seen).cells[0].warnings, WarningKind::delayed_ack) != nullptr;
  };
  EXPECT_TRUE(warned(cell));
  CellResult without_nagle = cell;
  for (RoundRecord& round : without_nagle.rounds) round.sample.sender.facts["nodelay"] = "on";
  EXPECT_FALSE(warned(without_nagle));
  CellResult quick = cell;
  for (RoundRecord& round : quick.rounds) round.sample.sender.latency.clear();
  EXPECT_FALSE(warned(quick));
}

TEST(Warnings, OtherCausesOfLongLoansAreNotTakenForDelayedAcknowledgements) {
  ResultDocument document;
  document.plan.points.push_back(synthetic::point_of(Workload::stream, 4096));
  document.cells.push_back(cell_of(0, "tcp.zerocopy", steady(1, 6)));
  for (RoundRecord& round : document.cells[0].rounds) {
    round.sample.sender.facts["nodelay"] = "off";
    for (int i = 0; i < 100; ++i) round.sample.sender.latency.record(55'000'000);
  }
  const auto warned = [&] {
    summarise(document);
    return find_warning(document.cells[0].warnings, WarningKind::delayed_ack) != nullptr;
  };
  Point& point = document.plan.points[0].point;
  EXPECT_TRUE(warned()) << "40 ms, and a busy core";
  point.depth = 64;
  EXPECT_FALSE(warned()) << "256K in flight";
  point.depth = 1;
  point.late_ns = 50'000'000;
  EXPECT_FALSE(warned()) << "the receiver keeps the sender waiting";
}

TEST(Warnings, LockedMemoryIsBlamedWhereMoreThanItMayBeInFlight) {
  ResultDocument document;
  document.plan.points.push_back(synthetic::point_of(Workload::stream, 1 << 20));
  document.plan.points[0].point.depth = 16;
  document.environment.facts["rlimit_memlock_bytes"] = "8388608";
  document.cells.push_back(cell_of(0, "tcp.zerocopy", steady(10, 6, 0, 1 << 20)));
  document.cells[0].rounds[0].sample.sender.counters["enobufs_stalls"] = 1;
  summarise(document);
  EXPECT_NE(find_warning(document.cells[0].warnings, WarningKind::memlock_low), nullptr);
  document.plan.points[0].point.depth = 4;
  summarise(document);
  EXPECT_EQ(find_warning(document.cells[0].warnings, WarningKind::memlock_low), nullptr);
  EXPECT_NE(find_warning(document.cells[0].warnings, WarningKind::optmem_low), nullptr);
}

TEST(Warnings, BbrMattersOnlyWhereNoQueuePacesIt) {
  CellResult cell = cell_of(0, "tcp.send@pci:eth0", steady(10, 10));
  for (RoundRecord& round : cell.rounds) round.sample.sender.facts["congestion_control"] = "bbr";
  EXPECT_TRUE(summarised(cell).cells[0].warnings.empty());
  cell.variant.link = {"veth", ""};
  EXPECT_NE(find_warning(summarised(cell).cells[0].warnings, WarningKind::bbr_without_fq), nullptr);
}

}  // namespace
}  // namespace xover
