// A full link: the warning, the verdict that goodput is no longer asked for, and the sentence that asks the CPU.
#include "harness/analysis/saturation.h"

#include <gtest/gtest.h>

#include "harness/analysis/compare.h"
#include "harness/analysis/summarise.h"
#include "harness/reports/sentences.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

using synthetic::cell_of;
using synthetic::find_warning;

constexpr double full_gbps = 9.3;  // of 9.41 that fit

std::vector<Sample> samples_of(double gbps, double cycles_per_byte, std::size_t turn) {
  std::vector<Sample> samples = synthetic::steady(gbps, 12, turn);
  for (Sample& sample : samples) {
    for (SideReport* side : {&sample.sender, &sample.receiver}) {
      side->cpu.source = CpuSource::tsc;
      side->cpu.cycles = cycles_per_byte * static_cast<double>(side->bytes) / 2;
    }
  }
  return samples;
}

CellResult cell_on_net(const std::string& id, double gbps, double cycles_per_byte, std::size_t turn = 0) {
  CellResult cell = cell_of(0, id, samples_of(gbps, cycles_per_byte, turn));
  cell.link_facts = {
      {"near_speed_mbps", "25000"}, {"far_speed_mbps", "10000"}, {"near_mtu_bytes", "1500"}, {"far_mtu_bytes", "9000"}};
  return cell;
}

ResultDocument judged(std::vector<CellResult> cells, Workload workload = Workload::stream) {
  ResultDocument document;
  document.plan.points.push_back(synthetic::point_of(workload));
  document.cells = std::move(cells);
  summarise(document);
  compare(document);
  return document;
}

const Comparison& by(const ResultDocument& document, Metric metric) {
  for (const Comparison& comparison : document.comparisons)
    if (comparison.metric == metric) return comparison;
  static const Comparison none;
  ADD_FAILURE() << "no such comparison";
  return none;
}

bool is_told(const ResultDocument& document, const std::string& part) {
  for (const std::string& sentence : comparison_sentences(document))
    if (sentence.find(part) != std::string::npos) return true;
  return false;
}

TEST(LinkSaturated, is_said_of_the_slower_line_and_the_smaller_mtu) {
  const ResultDocument document = judged({cell_on_net("tcp.send", full_gbps, 2)});
  EXPECT_EQ(line_of(document.cells[0]).speed_mbps, 10000U);
  EXPECT_EQ(line_of(document.cells[0]).mtu_bytes, 1500U);
  const Warning* warning = find_warning(document.cells[0].warnings, WarningKind::link_saturated);
  ASSERT_NE(warning, nullptr);
  EXPECT_EQ(warning->detail, "99 % of what 10000 Mbit/s carry at an MTU of 1500 bytes");
}

TEST(LinkSaturated, is_said_once_and_taken_back) {
  ResultDocument document = judged({cell_on_net("tcp.send", full_gbps, 2)});
  summarise(document);
  const auto& warnings = document.cells[0].warnings;
  EXPECT_EQ(std::count_if(warnings.begin(), warnings.end(),
                          [](const Warning& one) { return one.kind == WarningKind::link_saturated; }),
            1);
  document.cells[0].link_facts.clear();
  summarise(document);
  EXPECT_EQ(find_warning(document.cells[0].warnings, WarningKind::link_saturated), nullptr);
}

TEST(LinkSaturated, is_not_said_where_the_link_has_room_or_is_not_known) {
  const auto said = [](CellResult cell, Workload workload = Workload::stream) {
    return find_warning(judged({std::move(cell)}, workload).cells[0].warnings, WarningKind::link_saturated) != nullptr;
  };
  EXPECT_FALSE(said(cell_on_net("tcp.send", 8, 2)));
  EXPECT_FALSE(said(cell_on_net("tcp.send", 20, 2))) << "more than that line carries";
  EXPECT_FALSE(said(cell_on_net("tcp.send", full_gbps, 2), Workload::pingpong));
  CellResult unknown = cell_on_net("tcp.send", full_gbps, 2);
  unknown.link_facts = {{"near_mtu_bytes", "1500"}, {"near_speed_mbps", "-1"}};
  EXPECT_FALSE(said(unknown));
}

TEST(LinkSaturated, is_not_said_on_an_emulated_machine) {
  ResultDocument document = judged({cell_on_net("tcp.send", full_gbps, 2)});
  document.environment.facts["hypervisor"] = "TCGTCGTCGTCG";
  summarise(document);
  EXPECT_EQ(find_warning(document.cells[0].warnings, WarningKind::link_saturated), nullptr);
}

TEST(FullLink, makes_goodput_equal_whatever_small_difference_is_left) {
  const ResultDocument document = judged({cell_on_net("tcp.send", 9.30, 2), cell_on_net("tcp.zerocopy", 9.40, 1)});
  EXPECT_EQ(by(document, Metric::goodput).verdict, Verdict::indistinguishable);
  EXPECT_GT(by(document, Metric::goodput).ratio.low, 1) << "that it would have been a verdict";
  EXPECT_EQ(by(document, Metric::cpu).verdict, Verdict::faster);
}

TEST(FullLink, moves_the_sentence_to_the_cpu) {
  const ResultDocument document = judged({cell_on_net("tcp.send", 9.30, 2), cell_on_net("tcp.zerocopy", 9.40, 1)});
  const auto told = told_comparisons(document);
  ASSERT_EQ(told.size(), 1U) << "CPU is not told a second time";
  EXPECT_EQ(told[0].verdict, Verdict::faster);
  EXPECT_NE(
      told[0].text.find("tcp.zerocopy and tcp.send are equal: the link is full; by CPU tcp.zerocopy spends 0.50 of "
                        "the cycles per byte that tcp.send spends"),
      std::string::npos)
      << told[0].text;
  EXPECT_NE(told[0].text.find("cheaper"), std::string::npos) << told[0].text;
}

TEST(FullLink, is_said_without_cpu_where_no_cycles_were_counted) {
  std::vector<CellResult> cells{cell_on_net("tcp.send", 9.30, 2), cell_on_net("tcp.zerocopy", 9.40, 1)};
  for (CellResult& cell : cells)
    for (RoundRecord& round : cell.rounds) round.sample.sender.cpu = round.sample.receiver.cpu = {};
  const auto told = told_comparisons(judged(std::move(cells)));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].verdict, Verdict::indistinguishable);
  EXPECT_TRUE(told[0].text.ends_with("tcp.zerocopy and tcp.send are equal: the link is full.")) << told[0].text;
}

TEST(FullLink, of_one_alone_leaves_the_verdict_to_goodput) {
  const ResultDocument document = judged({cell_on_net("tcp.send", 5, 2), cell_on_net("tcp.zerocopy", full_gbps, 1)});
  EXPECT_EQ(by(document, Metric::goodput).verdict, Verdict::faster);
  EXPECT_TRUE(is_told(document, "tcp.zerocopy moves 1.86 times what tcp.send moves"));
  EXPECT_TRUE(is_told(document, "tcp.zerocopy spends 0.50 of the cycles"));
  EXPECT_FALSE(is_told(document, "link is full"));
}

}  // namespace
}  // namespace xover
