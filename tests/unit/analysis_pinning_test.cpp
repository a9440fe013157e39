// The findings about page pinning, from runs made so that they must come out that way.
#include <gtest/gtest.h>

#include <string>

#include "harness/analysis/findings.h"
#include "harness/analysis/summarise.h"
#include "tests/unit/analysis_document.h"
#include "tests/unit/analysis_synthetic.h"

namespace xover {
namespace {

struct Speeds {
  double copy, lent, registered;
};

ResultDocument document_of(Speeds small, Speeds huge, std::size_t rounds = 10) {
  ResultDocument document;
  document.plan.findings = "page_pinning";
  for (const auto& [pages, speeds] : {std::pair(PageKind::small, small), std::pair(PageKind::huge, huge)}) {
    const std::size_t point = document.plan.points.size();
    document.plan.points.push_back(synthetic::point_of(Workload::stream, 32768));
    document.plan.points.back().point.pages = pages;
    document.cells.push_back(synthetic::cell_of(point, "udp.send@ifb", synthetic::steady(speeds.copy, rounds)));
    document.cells.push_back(synthetic::cell_of(point, "udp.zerocopy@ifb", synthetic::steady(speeds.lent, rounds, 1)));
    document.cells.push_back(
        synthetic::cell_of(point, "uring.send_zc_fixed@ifb", synthetic::steady(speeds.registered, rounds, 2)));
  }
  for (CellResult& cell : document.cells) cell.has_receiver = false;
  summarise(document);
  return document;
}

const Finding* about(const std::vector<Finding>& findings, const std::string& words) {
  for (const Finding& finding : findings) {
    if (finding.claim.find(words) != std::string::npos) return &finding;
  }
  return nullptr;
}

constexpr const char* more_than_the_copy = "huge pages bring it more than they bring udp.send@ifb";
constexpr const char* registering = "uring.send_zc_fixed@ifb pins once, so huge pages shorten its lead";

TEST(FindingsPagePinning, SayWhatHugePagesTakeOffAPathThatPinsEachMessage) {
  // The machine was a fifth slower meanwhile, which says nothing about pages.
  const auto findings = findings_for(document_of({10, 20, 40}, {8, 24, 32}));
  ASSERT_EQ(findings.size(), 2u);
  const Finding* lent = about(findings, more_than_the_copy);
  ASSERT_NE(lent, nullptr);
  EXPECT_EQ(lent->holds, "yes");
  EXPECT_EQ(lent->claim.find("udp.zerocopy@ifb at 32K: "), 0u);
  EXPECT_NE(lent->figure.find("hands over 1.5"), std::string::npos) << lent->figure;
  EXPECT_NE(lent->figure.find("udp.send@ifb itself 0.8"), std::string::npos) << lent->figure;
  const Finding* registered = about(findings, registering);
  ASSERT_NE(registered, nullptr);
  EXPECT_EQ(registered->holds, "yes");
  EXPECT_EQ(registered->figure.find("the lead is 2.0"), 0u) << registered->figure;
}

TEST(FindingsPagePinning, DoNotTakeASpeedUpOfEverythingForOneOfPinning) {
  const auto findings = findings_for(document_of({10, 20, 40}, {12, 24, 48}));
  EXPECT_EQ(about(findings, more_than_the_copy)->holds, "not here");
  EXPECT_NE(about(findings, more_than_the_copy)->figure.find("(not separable)"), std::string::npos);
  EXPECT_EQ(about(findings, registering)->holds, "not here");
}

TEST(FindingsPagePinning, DoNotTakeForPinningWhatItCannotExplain) {
  const auto behind = findings_for(document_of({10, 20, 40}, {10, 20, 15}));
  EXPECT_EQ(about(behind, registering)->holds, "not here");
  EXPECT_NE(about(behind, registering)->figure.find("which pinning does not explain"), std::string::npos);
  const auto no_lead = findings_for(document_of({10, 20, 18}, {10, 30, 30}));
  EXPECT_EQ(about(no_lead, registering)->holds, "not here");
  EXPECT_NE(about(no_lead, registering)->figure.find("no sure lead"), std::string::npos);
}

TEST(FindingsPagePinning, SayNoWhereHugePagesMakeItWorse) {
  EXPECT_EQ(about(findings_for(document_of({10, 20, 40}, {10, 17, 40})), more_than_the_copy)->holds, "no");
}

TEST(FindingsPagePinning, JudgeNothingByTooFewRounds) {
  const auto findings = findings_for(document_of({10, 20, 40}, {10, 30, 40}, 5));
  EXPECT_EQ(about(findings, more_than_the_copy)->holds, "not here");
  EXPECT_NE(about(findings, more_than_the_copy)->figure.find("too few rounds"), std::string::npos);
}

TEST(FindingsPagePinning, SayWhyThereAreNoHugePages) {
  ResultDocument document = document_of({10, 20, 40}, {10, 30, 40});
  for (CellResult& cell : document.cells) {
    if (cell.point_index != 1) continue;
    cell.status = CellStatus::failed;
    cell.reason = "no huge pages are set aside";
  }
  const auto findings = findings_for(document);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].holds, "not here");
  EXPECT_EQ(findings[0].figure, "no huge pages are set aside");
}

TEST(FindingsPagePinning, NeedPointsThatDifferInPagesAlone) {
  ResultDocument document = document_of({10, 20, 40}, {10, 30, 40});
  document.plan.points[1].point.depth = 8;
  EXPECT_TRUE(findings_for(document).empty());
}

TEST(UnpairedRatio, HoldsTheTruthOfTwoEstimatesThatShareNoRounds) {
  synthetic::Rounds source(21);
  int held = 0, called = 0;
  for (int i = 0; i < 300; ++i) {
    const auto of = [&](double truth, std::size_t rounds) {
      return estimate(source.ratios(synthetic::Noise::normal, rounds, truth));
    };
    held += synthetic::holds(unpaired_ratio(of(1.3, 10), of(1.1, 15)).interval, 1.3 / 1.1);
    called += unpaired_ratio(of(1.3, 10), of(1.3, 10)).p_value < significance;
  }
  EXPECT_GE(held, 275);   // 285 of 95 %, and the interval is meant to be a little wider than that
  EXPECT_LE(called, 26);  // 15 at 5 %
}

TEST(UnpairedRatio, IsNothingWithoutRoundsOnBothSides) {
  const Estimate none = unpaired_ratio(estimate({}), estimate({}));
  EXPECT_EQ(none.rounds, 0u);
  EXPECT_EQ(none.p_value, 1);
}

}  // namespace
}  // namespace xover
