// Figures in virtual time are exact: one round is enough for a verdict, for a crossover and for the claims of the SDP
// paper, and they never stand beside figures of a wall clock.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "harness/analysis/compare.h"
#include "harness/analysis/crossover.h"
#include "harness/analysis/findings.h"
#include "harness/analysis/summarise.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

using namespace synthetic;

SizedRatios ratio_at(std::uint64_t size_bytes, double ratio) { return {size_bytes, {{0, ratio}}}; }

TEST(ExactCrossover, LiesBetweenTheTwoSizesThatDecide) {
  const std::vector<SizedRatios> sizes{ratio_at(1024, 0.5), ratio_at(2048, 0.5), ratio_at(4096, 2), ratio_at(8192, 3)};
  const auto found = exact_crossover_of(sizes).value();
  EXPECT_EQ(found.verdict, CrossoverVerdict::at);
  EXPECT_NEAR(found.size_bytes.median, std::sqrt(2048.0 * 4096.0), 1);
  EXPECT_EQ(found.size_bytes.low, 2048);
  EXPECT_EQ(found.size_bytes.high, 4096);
}

TEST(ExactCrossover, SaysWhenAllSizesAreOnOneSideOrNoSizeDividesThem) {
  const auto verdict = [](double a, double b, double c) {
    const std::vector<SizedRatios> sizes{ratio_at(1024, a), ratio_at(2048, b), ratio_at(4096, c)};
    return exact_crossover_of(sizes).value().verdict;
  };
  EXPECT_EQ(verdict(1.1, 1.2, 1.3), CrossoverVerdict::below_tested);
  EXPECT_EQ(verdict(0.7, 0.8, 0.9), CrossoverVerdict::above_tested);
  EXPECT_EQ(verdict(0.9, 1.1, 0.9), CrossoverVerdict::none);
  EXPECT_EQ(verdict(0.9, 1.1, 1), CrossoverVerdict::not_separable);
  EXPECT_EQ(verdict(0.9, 1, 1.1), CrossoverVerdict::at);
  EXPECT_FALSE(exact_crossover_of(std::vector{ratio_at(1024, 1), ratio_at(2048, 2)}));
}

// Sizes of the paper, one round each; the candidate crosses between 64K and 128K.
ResultDocument simulated_document(Substrate substrate, unsigned connections = 1) {
  ResultDocument document;
  document.plan.findings = "sdp2006";
  for (const std::uint64_t size_bytes : {32 << 10, 64 << 10, 128 << 10, 256 << 10}) {
    const std::size_t index = document.plan.points.size();
    document.plan.points.push_back(point_of(Workload::stream, size_bytes, connections, 0));
    const double zcopy_gbps = size_bytes >= 128 << 10 ? 8.0 : 4.0;
    document.cells.push_back(cell_of(index, "sdp.bcopy@simulated", {sample_of(5.04, size_bytes)}));
    document.cells.push_back(
        cell_of(index, "sdp.read_zcopy@simulated=sdp.read_zcopy", {sample_of(zcopy_gbps, size_bytes)}));
  }
  for (CellResult& cell : document.cells) cell.substrate = substrate;
  summarise(document);
  compare(document);
  find_crossovers(document);
  document.findings = findings_for(document);
  return document;
}

TEST(VirtualTime, OneRoundGivesAVerdictAndACrossover) {
  const ResultDocument document = simulated_document(Substrate::simulated);
  ASSERT_EQ(document.comparisons.size(), 4u);
  for (const Comparison& comparison : document.comparisons) {
    const bool large = document.plan.points[comparison.point_index].point.size_bytes >= 128 << 10;
    EXPECT_EQ(comparison.verdict, large ? Verdict::faster : Verdict::slower);
    EXPECT_TRUE(comparison.virtual_time);
  }
  ASSERT_EQ(document.crossovers.size(), 1u);
  EXPECT_EQ(document.crossovers.front().verdict, CrossoverVerdict::at);
  EXPECT_TRUE(document.crossovers.front().virtual_time);
  EXPECT_EQ(document.crossovers.front().size_bytes.high, 128 << 10);
  for (const CellResult& cell : document.cells) EXPECT_TRUE(cell.warnings.empty());
}

TEST(VirtualTime, OneRoundOfAMachineGivesNeither) {
  const ResultDocument document = simulated_document(Substrate::soft_device);
  for (const Comparison& comparison : document.comparisons) EXPECT_EQ(comparison.verdict, Verdict::too_few_rounds);
  EXPECT_TRUE(document.crossovers.empty());
}

TEST(VirtualTime, IsNeverHeldAgainstAMachine) {
  ResultDocument document = simulated_document(Substrate::simulated);
  document.cells.front().substrate = Substrate::same_host_memory;
  compare(document);
  for (const Comparison& comparison : document.comparisons) EXPECT_NE(comparison.point_index, 0u);
}

const Finding& finding_about(const ResultDocument& document, const std::string& words) {
  const auto found = std::ranges::find_if(
      document.findings, [&](const Finding& finding) { return finding.claim.find(words) != std::string::npos; });
  EXPECT_NE(found, document.findings.end()) << words;
  return *found;
}

TEST(Sdp2006Findings, StandBesideThePaperAndTheClosedForm) {
  const ResultDocument document = simulated_document(Substrate::simulated);
  const Finding& one = finding_about(document, "1 connection Read ZCopy overtakes");
  EXPECT_EQ(one.holds, "yes") << one.figure;
  EXPECT_NE(one.figure.find("virtual time"), std::string::npos);
  EXPECT_NE(one.figure.find("the paper 128K"), std::string::npos) << one.figure;
  EXPECT_NE(one.figure.find("the closed form 128K"), std::string::npos) << one.figure;
  EXPECT_NE(one.figure.find("set by the model's costs"), std::string::npos) << one.figure;
  EXPECT_EQ(finding_about(document, "2 connections at 32 KB").holds, "not here");
  EXPECT_EQ(finding_about(document, "1100 MB/s").holds, "yes");
}

TEST(Sdp2006Findings, SayWhatFollowsFromTheCosts) {
  const ResultDocument document = simulated_document(Substrate::simulated, 2);
  const Finding& two = finding_about(document, "2 connections at 32 KB");
  EXPECT_EQ(two.holds, "no") << "128K is too far away";
  EXPECT_NE(two.figure.find("follows from the same costs"), std::string::npos) << two.figure;
}

TEST(Sdp2006Findings, SayNothingAboutFiguresOfAWallClock) {
  for (const Finding& finding : simulated_document(Substrate::soft_device).findings)
    EXPECT_EQ(finding.holds, "not here") << finding.claim;
}

}  // namespace
}  // namespace xover
