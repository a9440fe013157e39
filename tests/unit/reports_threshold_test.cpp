// The plans of `xover threshold`, and how it tells what it found: the TOML snippet must be an experiment that runs.
#include <gtest/gtest.h>

#include <set>

#include <nlohmann/json.hpp>

#include "harness/agents/find_threshold.h"
#include "harness/experiment/plan_from.h"
#include "harness/experiment/toml_file.h"
#include "harness/reports/threshold_json.h"
#include "harness/reports/threshold_snippet.h"
#include "harness/reports/threshold_text.h"
#include "tests/unit/threshold_document.h"

namespace xover {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

ThresholdFound found_in(const synthetic::RatioBySize& one, const synthetic::RatioBySize& two) {
  ThresholdFound found;
  found.copy = *parse_variant("sdp.bcopy@local");
  found.zerocopy = *parse_variant("sdp.read_zcopy@local");
  found.budget_ns = 60 * second_ns;
  found.elapsed_ns = 59 * second_ns;
  synthetic::add_sweep(found.sweep, 1, one);
  synthetic::add_sweep(found.sweep, 2, two);
  synthetic::judge(found.sweep);
  found.advice = advise(found.sweep);
  found.not_measured.push_back({"messages of mixed sizes", "each was measured by itself"});
  return found;
}

ThresholdFound crossing_and_never() {
  return found_in({{4096, 0.25}, {16384, 0.5}, {65536, 1}, {262144, 2}}, {{4096, 0.2}, {16384, 0.4}, {65536, 0.6}});
}

TEST(ThresholdSnippet, IsAnExperimentThatHoldsSdpAutoAgainstBoth) {
  const std::string snippet = threshold_snippet(crossing_and_never());
  const auto plan = parse_toml(snippet, "snippet.toml", "snippet").and_then(make_plan);
  ASSERT_TRUE(plan) << plan.error().message() << snippet;
  ASSERT_FALSE(plan->points.empty());
  for (const PlannedPoint& planned : plan->points) {
    ASSERT_EQ(planned.variants.size(), 3u);
    EXPECT_EQ(planned.variants[2].name(), "sdp.auto");
    const std::string& threshold = planned.variants[2].options.at("threshold");
    EXPECT_EQ(threshold, planned.point.connections == 1 ? "64K" : "1T");
  }
}

TEST(ThresholdSnippet, GivesProgramsBytes) {
  const std::string snippet = threshold_snippet(crossing_and_never());
  EXPECT_NE(snippet.find("connections = 1\nbytes = 65536\nverdict = \"at\"\n"), std::string::npos) << snippet;
  EXPECT_NE(snippet.find("connections = 2\nbytes = 1099511627776\nverdict = \"above_tested\"\n"), std::string::npos);
}

TEST(ThresholdText, SaysInWordsWhatToDo) {
  Terminal wide;
  wide.columns = 500;
  const std::string text = threshold_text(crossing_and_never(), wide);
  EXPECT_NE(text.find("With 1 connection: 64K and more without a copy"), std::string::npos) << text;
  EXPECT_NE(text.find("With 2 connections: always copy: not copying is behind at every size tested (4K to 64K)."),
            std::string::npos);
  EXPECT_NE(text.find("messages of mixed sizes: each was measured by itself"), std::string::npos);
}

TEST(ThresholdText, EveryVerdictHasItsAdvice) {
  ThresholdAdvice advice;
  advice.judged = true;
  advice.sizes_tested = {1024, 4096};
  advice.threshold_bytes = 4096;
  std::set<std::string> sentences;
  for (const CrossoverVerdict verdict :
       {CrossoverVerdict::at, CrossoverVerdict::below_tested, CrossoverVerdict::above_tested, CrossoverVerdict::none,
        CrossoverVerdict::not_separable}) {
    advice.verdict = verdict;
    sentences.insert(advice_sentence(advice));
  }
  advice.judged = false;
  sentences.insert(advice_sentence(advice));
  EXPECT_EQ(sentences.size(), 6u);
}

// Without a copy at half of it 0.8 of the goodput is left; with one at double of it 1 / 1.25.
TEST(ThresholdText, TheCostOfHalfAndDoubleIsWhatIsLost) {
  ThresholdCheck check;
  check.threshold_bytes = 65536;
  check.goodput = {{32768, 10, {0.8, 0.7, 0.9}}, {131072, 10, {1.25, 1.2, 1.3}}};
  check.cpu = {{32768, 10, {0.5, 0.4, 0.6}}, {131072, 10, {2, 1.9, 2.1}}};
  EXPECT_NEAR(cost_of_half(check).goodput->median, -0.2, 1e-9);
  EXPECT_NEAR(cost_of_half(check).goodput->low, -0.3, 1e-9);
  EXPECT_NEAR(cost_of_half(check).cpu->median, 1, 1e-9) << "twice the cycles";
  EXPECT_NEAR(cost_of_double(check).goodput->median, -0.2, 1e-9);
  EXPECT_NEAR(cost_of_double(check).cpu->median, 1, 1e-9);
  check.cpu.clear();
  EXPECT_FALSE(cost_of_half(check).cpu);
}

TEST(ThresholdJson, HoldsTheThresholdsAndTheRuns) {
  const auto json = nlohmann::json::parse(threshold_json_text(crossing_and_never()));
  EXPECT_EQ(json["kind"], "threshold");
  EXPECT_EQ(json["thresholds"][0]["threshold"], 65536);
  EXPECT_EQ(json["thresholds"][0]["verdict"], "at");
  EXPECT_LT(json["thresholds"][0]["crossover"]["low"], json["thresholds"][0]["crossover"]["high"]);
  EXPECT_EQ(json["sweep"]["cells"].size(), 14u);
  EXPECT_FALSE(json.contains("fresh"));
}

TEST(ThresholdPlans, TheSweepHasBothAtFewSizesAndRefines) {
  ThresholdQuestion question;
  question.axes["connections"] = {{"1", "--connections"}, {"4", "--connections"}};
  const auto plan = sweep_plan(question, 60 * second_ns);
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->points.size(), 14u);
  EXPECT_EQ(plan->points.front().variants[0].name(), "sdp.bcopy@local");
  EXPECT_GT(plan->refine, 0u);
  EXPECT_EQ(plan->budget_ns, 60 * second_ns);
  const auto shorter = sweep_plan(question, 20 * second_ns);
  EXPECT_LT(shorter->duration_ns, plan->duration_ns) << "shorter samples before fewer sizes";
}

TEST(ThresholdPlans, RefuseWhatIsNoPair) {
  const auto complaint = [](const char* copy, const char* zerocopy) {
    ThresholdQuestion question;
    question.copy.text = copy;
    question.zerocopy.text = zerocopy;
    const auto plan = sweep_plan(question, second_ns);
    return plan ? std::string("accepted") : plan.error().message();
  };
  EXPECT_NE(complaint("sdp.bcop", "sdp.read_zcopy").find("did you mean 'sdp.bcopy'?"), std::string::npos);
  EXPECT_NE(complaint("sdp.bcopy", "tcp.zerocopy@lo").find("on one link"), std::string::npos);
  EXPECT_NE(complaint("tcp.send*", "tcp.zerocopy").find("a threshold is between two"), std::string::npos);
  EXPECT_EQ(complaint("tcp.sendmsg", "tcp.zerocopy"), "accepted");
}

TEST(ThresholdPlans, ConditionsChangeOneThing) {
  const ThresholdQuestion question;
  for (const Condition& condition : conditions()) {
    const auto plan = condition_plan(question, condition, 65536, 5 * second_ns);
    ASSERT_TRUE(plan) << condition.name << ": " << plan.error().message();
    EXPECT_EQ(plan->points.size(), 4u);
    EXPECT_EQ(plan->points[1].point.size_bytes, 65536u);
  }
  ThresholdQuestion of_tcp;
  of_tcp.copy.text = "tcp.sendmsg";
  of_tcp.zerocopy.text = "tcp.zerocopy";
  const auto plan = condition_plan(of_tcp, conditions().front(), 65536, 5 * second_ns);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().context, "tcp.zerocopy has no cache of registered memory");
}

TEST(ThresholdPlans, OnlyThePairOfSdpAutoHasOne) {
  const Variant copy = *parse_variant("sdp.bcopy[stage=64K]@local"), read = *parse_variant("sdp.read_zcopy@local");
  EXPECT_EQ(automatic_variant(copy, read, 65536), "sdp.auto[stage=64K,threshold=64K]@local=sdp.auto");
  EXPECT_EQ(automatic_variant(read, copy, 65536), "");
  EXPECT_EQ(automatic_variant(*parse_variant("tcp.sendmsg@lo"), *parse_variant("tcp.zerocopy@lo"), 65536), "");
}

}  // namespace
}  // namespace xover
