// Claims behind --assert: how they are read, refused, held against a plan, and judged.
#include <gtest/gtest.h>

#include <cmath>

#include "harness/analysis/judge_assertions.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

std::string refusal(const std::string& text) {
  const auto parsed = parse_assertion(text);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::bad_input);
  return parsed.error().message();
}

struct Refused {
  const char* name;
  const char* text;
  const char* part;
};

std::ostream& operator<<(std::ostream& stream, const Refused& refused) { return stream << refused.name; }

class RefusedAssertion : public testing::TestWithParam<Refused> {};

TEST_P(RefusedAssertion, NamesTheColumnAndWhatWasExpected) {
  EXPECT_NE(refusal(GetParam().text).find(GetParam().part), std::string::npos) << refusal(GetParam().text);
}

const Refused refused_assertions[] = {
    {"Empty", "", "column 1: expected a transport"},
    {"NoFigure", "tcp.send", "column 9: expected a figure"},
    {"NoComparison", "tcp.send goodput 1.1", "column 18: expected a comparison"},
    {"Equality", "tcp.send goodput = 1", "column 18: expected a comparison"},
    {"NoValue", "tcp.send goodput >", "column 19: the value is missing"},
    {"WrongValue", "tcp.send goodput > much", "column 20: 'much' is no value here; expected Gbit/s"},
    {"NegativeValue", "tcp.send goodput > -1", "column 20"},
    {"NotANumber", "tcp.send goodput > nan", "column 20"},
    {"Infinite", "tcp.send goodput > 1e999", "column 20"},
    {"DurationWithoutUnit", "tcp.send latency_p99 < 50", "column 24: '50' is no value here; expected a duration"},
    {"RatioWithUnit", "a/b latency_p99 < 50us", "expected a ratio"},
    {"ShareAboveOne", "tcp.send zero_copied > 1.5", "expected a share"},
    {"CrossoverWithoutSize", "crossover a/b goodput < big", "expected a size"},
    {"CrossoverOfOne", "crossover tcp.send goodput < 64K", "column 20: expected '/'"},
    {"MisspeltFigure", "tcp.send godput > 1", "column 10: 'godput' is no figure; did you mean 'goodput'?"},
    {"RatioOfEvidence", "a/b zero_copied > 0.9", "column 5: 'zero_copied' is of one transport"},
    {"NothingBehindTheSlash", "tcp.send/ ", "column 11: expected a transport"},
    {"BadVariant", "tcp.send[x] goodput > 1", "column 1"},
    {"NoPlace", "tcp.send goodput > 1 @", "column 23: expected a size or AXIS=VALUE"},
    {"NoAt", "tcp.send goodput > 1 64K", "column 22: expected '@'"},
    {"MisspeltAxis", "tcp.send goodput > 1 @ 64K, conections=1", "did you mean 'connections'?"},
    {"WrongAxisValue", "tcp.send goodput > 1 @ wait=sleep", "column 29"},
    {"WrongSize", "tcp.send goodput > 1 @ 64X", "column 24: '64X' is no size"},
    {"CommaAtTheEnd", "tcp.send goodput > 1 @ 64K,", "column 28: expected a size"},
};
INSTANTIATE_TEST_SUITE_P(All, RefusedAssertion, testing::ValuesIn(refused_assertions),
                         [](const auto& test) { return std::string(test.param.name); });

Assertion parsed(const std::string& text) {
  auto assertion = parse_assertion(text);
  EXPECT_TRUE(assertion) << assertion.error().message();
  return assertion ? *assertion : Assertion{};
}

TEST(ParseAssertion, ReadsEachPart) {
  const Assertion ratio = parsed("  tcp.zerocopy/tcp.sendmsg goodput > 1.1 @ 64K,1M, connections=4");
  EXPECT_EQ(ratio.subject.text, "tcp.zerocopy");
  ASSERT_TRUE(ratio.baseline);
  EXPECT_EQ(ratio.baseline->text, "tcp.sendmsg");
  EXPECT_EQ(ratio.comparator, Comparator::greater);
  EXPECT_EQ(ratio.value, 1.1);
  EXPECT_EQ(ratio.sizes_bytes, (std::vector<std::uint64_t>{65536, 1 << 20}));
  ASSERT_EQ(ratio.axes.size(), 1U);
  EXPECT_EQ(ratio.axes[0].axis->name, "connections");
  EXPECT_TRUE(ratio.text.starts_with("tcp.zerocopy"));
  EXPECT_EQ(parsed("a latency_p99 <= 1.5ms").value, 1500);
  EXPECT_EQ(parsed("a latency_p50<50us").metric, Metric::latency_p50);
  EXPECT_DOUBLE_EQ(parsed("a zero_copied >= 90%").value, 0.9);
  EXPECT_EQ(parsed("a user_copied <= 0").figure, AssertedFigure::user_copied);
  EXPECT_EQ(parsed("a messages_per_second > 2.5M").value, 2.5e6);
  EXPECT_EQ(parsed("a goodput>40Gbps@4K").value, 40);
  const Assertion crossover = parsed("crossover a / b cpu < 64K");
  EXPECT_TRUE(crossover.crossover);
  EXPECT_EQ(crossover.value, 65536);
  EXPECT_EQ(parsed("tcp.send[nodelay=on]@veth[mtu=9000] cpu < 1").subject.variant.link.name, "veth");
}

TEST(ParseAssertion, TransportsFitByLabelIdOptionsAndLink) {
  const Variant variant = *parse_variant("tcp.send[nodelay=on]@veth=it");
  const auto fits = [&](const std::string& text) { return parsed(text + " cpu < 1").subject.fits(variant); };
  EXPECT_TRUE(fits("it"));
  EXPECT_TRUE(fits("tcp.send"));
  EXPECT_TRUE(fits("tcp.send[nodelay=on]"));
  EXPECT_TRUE(fits("tcp.send@veth"));
  EXPECT_FALSE(fits("tcp.send@lo"));
  EXPECT_FALSE(fits("tcp.send[nodelay=off]"));
  EXPECT_FALSE(fits("tcp.sendmsg"));
}

// tcp.send at 10 Gbit/s; tcp.zerocopy at 8 for small messages, at 12 for large ones.
ResultDocument document_of(std::size_t rounds = 10) {
  ResultDocument document;
  for (const std::uint64_t size : {4096, 65536, 1 << 20}) {
    const std::size_t point = document.plan.points.size();
    document.plan.points.push_back(synthetic::point_of(Workload::stream, size));
    document.cells.push_back(synthetic::cell_of(point, "tcp.send@lo", synthetic::steady(10, rounds)));
    document.cells.push_back(
        synthetic::cell_of(point, "tcp.zerocopy@lo", synthetic::steady(size > 4096 ? 12 : 8, rounds, 1)));
    for (std::size_t i = 0; i < 2; ++i) {
      CellResult& cell = document.cells[2 * point + i];
      document.plan.points[point].variants.push_back(cell.variant);
      cell.sender_ledger.complete(i == 0 ? Handover::kernel_by_design : Handover::zero_copied, 1000);
    }
  }
  return document;
}

AssertionResult judged(const std::string& text, const ResultDocument& document) {
  const Assertion assertion = parsed(text);
  const auto checked = check_assertion(assertion, document.plan);
  EXPECT_TRUE(checked) << checked.error().message();
  return judge_assertions({&assertion, 1}, document).front();
}

TEST(JudgeAssertions, RatiosHoldFailOrStayUndecided) {
  const ResultDocument document = document_of();
  EXPECT_EQ(judged("tcp.zerocopy/tcp.send goodput > 1.1 @ 64K", document).holds, Holds::yes);
  EXPECT_EQ(judged("tcp.zerocopy/tcp.send goodput > 1.3 @ 64K", document).holds, Holds::no);
  EXPECT_EQ(judged("tcp.zerocopy/tcp.send goodput > 1.2 @ 64K", document).holds, Holds::undecided);
  EXPECT_EQ(judged("tcp.zerocopy/tcp.send goodput < 1.3 @ 64K", document).holds, Holds::yes);
  const AssertionResult result = judged("tcp.zerocopy/tcp.send goodput > 1.1 @ 64K", document);
  ASSERT_EQ(result.cases.size(), 1U);
  EXPECT_NEAR(result.cases[0].figure.median, 1.2, 0.01);
  EXPECT_EQ(result.cases[0].subject, "tcp.zerocopy/tcp.send");
  EXPECT_EQ(result.cases[0].point_index, 1U);
  EXPECT_LT(*result.cases[0].p_value, 0.001);
}

TEST(JudgeAssertions, WithoutAPlaceEveryPointMustHold) {
  const ResultDocument document = document_of();
  const AssertionResult result = judged("tcp.zerocopy/tcp.send goodput > 1.1", document);
  EXPECT_EQ(result.holds, Holds::no);
  ASSERT_EQ(result.cases.size(), 3U);
  EXPECT_EQ(result.cases[0].holds, Holds::no);
  EXPECT_EQ(result.cases[2].holds, Holds::yes);
  EXPECT_EQ(judged("tcp.zerocopy/tcp.send goodput > 1.1 @ 64K, 1M", document).holds, Holds::yes);
  EXPECT_EQ(judged("tcp.send goodput > 9", document).holds, Holds::yes);
}

TEST(JudgeAssertions, FewRoundsDecideNothing) {
  const ResultDocument document = document_of(5);
  const AssertionResult result = judged("tcp.zerocopy/tcp.send goodput > 5 @ 64K", document);
  EXPECT_EQ(result.holds, Holds::undecided);
  EXPECT_NE(result.cases.at(0).because.find("6 are needed"), std::string::npos);
}

TEST(JudgeAssertions, EvidenceNeedsNoRounds) {
  const ResultDocument document = document_of(1);
  EXPECT_EQ(judged("tcp.zerocopy zero_copied > 0.9", document).holds, Holds::yes);
  EXPECT_EQ(judged("tcp.send zero_copied > 0.9", document).holds, Holds::no);
  EXPECT_EQ(judged("tcp.send user_copied <= 0", document).holds, Holds::yes);
  EXPECT_FALSE(judged("tcp.send zero_copied > 0.9", document).cases.at(0).p_value);
}

TEST(JudgeAssertions, ManyClaimsAreCorrectedForTheirNumber) {
  ResultDocument document = document_of(6);
  // Just significant alone.
  const Interval interval = judged("tcp.send goodput > 10 @ 64K", document).cases.at(0).figure;
  const std::string text = "tcp.send goodput > " + std::to_string(interval.low * 0.999) + " @ 64K";
  const AssertionResult alone = judged(text, document);
  ASSERT_EQ(alone.holds, Holds::yes);
  ASSERT_GT(*alone.cases[0].p_value, 0.05 / 50);
  std::vector<Assertion> many(50, parsed("tcp.send goodput > 10 @ 64K"));
  many.front() = parsed(text);
  const AssertionResult corrected = judge_assertions(many, document).front();
  EXPECT_EQ(corrected.holds, Holds::undecided);
  EXPECT_GT(*corrected.cases[0].adjusted_p_value, 0.05);
}

TEST(JudgeAssertions, CrossoversGoByTheirInterval) {
  ResultDocument document = document_of();
  Crossover crossover;
  crossover.baseline = "tcp.send";
  crossover.candidate = "tcp.zerocopy";
  crossover.sizes_tested = {4096, 65536, 1 << 20};
  crossover.verdict = CrossoverVerdict::at;
  crossover.size_bytes = {16384, 12000, 20000};
  document.crossovers = {crossover};
  const auto holds = [&](const std::string& comparison) {
    return judged("crossover tcp.zerocopy/tcp.send goodput " + comparison, document).holds;
  };
  EXPECT_EQ(holds("< 64K"), Holds::yes);
  EXPECT_EQ(holds("< 8K"), Holds::no);
  EXPECT_EQ(holds("< 16K"), Holds::undecided);
  EXPECT_EQ(holds("> 8K"), Holds::yes);
  document.crossovers[0].verdict = CrossoverVerdict::below_tested;
  EXPECT_EQ(holds("< 64K"), Holds::yes);
  EXPECT_EQ(holds("> 64K"), Holds::no);
  EXPECT_EQ(holds("< 1K"), Holds::undecided);
  document.crossovers[0].verdict = CrossoverVerdict::above_tested;
  EXPECT_EQ(holds("< 64K"), Holds::no);
  EXPECT_EQ(holds("> 64K"), Holds::yes);
  EXPECT_EQ(holds("< 4M"), Holds::undecided);
  document.crossovers[0].verdict = CrossoverVerdict::not_separable;
  EXPECT_EQ(holds("< 64K"), Holds::undecided);
  document.crossovers.clear();
  EXPECT_EQ(holds("< 64K"), Holds::undecided);
}

TEST(JudgeAssertions, WhatDidNotRunIsUndecidedWithTheReason) {
  ResultDocument document = document_of();
  document.cells[3].status = CellStatus::skipped;
  document.cells[3].reason = "no_device: no such thing";
  const AssertionResult result = judged("tcp.zerocopy/tcp.send goodput > 1.1 @ 64K", document);
  EXPECT_EQ(result.holds, Holds::undecided);
  EXPECT_NE(result.because.find("no such thing"), std::string::npos);
  EXPECT_NE(judged("tcp.send cpu < 1", document_of()).because.find("no round has this figure"), std::string::npos);
}

TEST(JudgeAssertions, VirtualTimeIsExact) {
  ResultDocument document = document_of(1);
  for (CellResult& cell : document.cells) cell.substrate = Substrate::simulated;
  EXPECT_EQ(judged("tcp.zerocopy/tcp.send goodput > 1.1 @ 64K", document).holds, Holds::yes);
  EXPECT_EQ(judged("tcp.zerocopy/tcp.send goodput > 1.3 @ 64K", document).holds, Holds::no);
}

// On two links each transport is held against the one on its own link.
TEST(JudgeAssertions, PartnersAreThoseOfTheSameLink) {
  ResultDocument document = document_of();
  document.cells.push_back(synthetic::cell_of(1, "tcp.send@veth", synthetic::steady(20, 10)));
  document.plan.points[1].variants.push_back(document.cells.back().variant);
  const AssertionResult result = judged("tcp.zerocopy/tcp.send goodput > 1.1 @ 64K", document);
  ASSERT_EQ(result.cases.size(), 1U);
  EXPECT_EQ(result.holds, Holds::yes);
  EXPECT_EQ(judged("tcp.send goodput > 15 @ 64K, link=veth", document).holds, Holds::yes);
}

std::string check_refusal(const std::string& text, const Plan& plan) {
  const auto checked = check_assertion(parsed(text), plan);
  return checked ? "accepted" : checked.error().message();
}

TEST(CheckAssertion, RefusesWhatThePlanCanNeverShow) {
  Plan plan = document_of().plan;
  EXPECT_EQ(check_refusal("tcp.send goodput > 1", plan), "accepted");
  EXPECT_NE(check_refusal("tcp.sned goodput > 1", plan)
                .find("column 1: this run has no 'tcp.sned'; did you mean 'tcp.send'?"),
            std::string::npos)
      << check_refusal("tcp.sned goodput > 1", plan);
  EXPECT_NE(check_refusal("tcp.send/udp.send goodput > 1", plan).find("column 10"), std::string::npos);
  EXPECT_NE(check_refusal("tcp.send/tcp.send goodput > 1", plan).find("never at the same point"), std::string::npos);
  const std::string place = check_refusal("tcp.send goodput > 1 @ 8K", plan);
  EXPECT_NE(place.find("column 22: this run has no such place"), std::string::npos) << place;
  EXPECT_NE(place.find("4K, 64K, 1M"), std::string::npos) << place;
  EXPECT_NE(check_refusal("tcp.send goodput > 1 @ connections=4", plan).find("connections: 1"), std::string::npos);
  EXPECT_NE(check_refusal("crossover tcp.send/tcp.zerocopy goodput < 8K @ 64K", plan).find("over all sizes"),
            std::string::npos);
  EXPECT_NE(check_refusal("crossover tcp.send/tcp.zerocopy goodput < 8K", plan).find("here 'tcp.send'"),
            std::string::npos)
      << check_refusal("crossover tcp.send/tcp.zerocopy goodput < 8K", plan);
  Plan two_sizes = plan;
  two_sizes.points.pop_back();
  EXPECT_NE(check_refusal("crossover tcp.zerocopy/tcp.send goodput < 8K", two_sizes).find("this run has 2"),
            std::string::npos);
  EXPECT_EQ(check_refusal("crossover tcp.zerocopy/tcp.send goodput < 8K", plan), "accepted");
  plan.refine = 2;
  EXPECT_EQ(check_refusal("tcp.send goodput > 1 @ 8K", plan), "accepted") << "sizes may be added";
  EXPECT_NE(check_refusal("tcp.send goodput > 1 @ 8M", plan), "accepted");
}

}  // namespace
}  // namespace xover
