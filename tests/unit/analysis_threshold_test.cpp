// From curves to thresholds: what is advised, what it loses at worst, and whether fresh rounds hold it.
#include <gtest/gtest.h>

#include "harness/analysis/threshold.h"
#include "tests/unit/threshold_document.h"

namespace xover {
namespace {

using synthetic::add_sweep;
using synthetic::RatioBySize;

ThresholdAdvice advice_for(const RatioBySize& ratios, std::size_t rounds = 10) {
  ResultDocument document;
  add_sweep(document, 1, ratios, rounds);
  synthetic::judge(document);
  for (const ThresholdAdvice& advice : advise(document))
    if (advice.metric == Metric::goodput) return advice;
  ADD_FAILURE() << "no advice by goodput";
  return {};
}

TEST(Threshold, IsWhereTheyCross) {
  const ThresholdAdvice advice = advice_for({{4096, 0.25}, {16384, 0.5}, {65536, 1}, {262144, 2}, {1048576, 4}});
  EXPECT_EQ(advice.verdict, CrossoverVerdict::at);
  EXPECT_NEAR(static_cast<double>(advice.threshold_bytes), 65536, 6000);
  EXPECT_LE(advice.size_bytes.low, 65536);
  EXPECT_LT(advice.worst_loss, 0.05);
}

TEST(Threshold, AheadAtEverySizeIsTheSmallestSizeTested) {
  const ThresholdAdvice advice = advice_for({{4096, 1.2}, {16384, 1.5}, {65536, 2}});
  EXPECT_EQ(advice.verdict, CrossoverVerdict::below_tested);
  EXPECT_EQ(advice.threshold_bytes, 4096u);
  EXPECT_EQ(advice.worst_loss, 0);
}

TEST(Threshold, BehindAtEverySizeIsNever) {
  const ThresholdAdvice advice = advice_for({{4096, 0.2}, {16384, 0.5}, {65536, 0.8}});
  EXPECT_EQ(advice.verdict, CrossoverVerdict::above_tested);
  EXPECT_EQ(advice.threshold_bytes, never_bytes);
  EXPECT_EQ(advice.worst_loss, 0);
}

// Ahead at 64K, behind by a third at 1M: never copying from 64K on costs that third, copying at all sizes only a tenth.
TEST(Threshold, WhereNoSizeDividesThemItIsTheOneThatLosesLeast) {
  const ThresholdAdvice advice = advice_for({{16384, 0.5}, {65536, 1.1}, {1048576, 0.67}});
  EXPECT_EQ(advice.verdict, CrossoverVerdict::none);
  EXPECT_EQ(advice.threshold_bytes, never_bytes);
  EXPECT_NEAR(advice.worst_loss, 0.09, 0.02);
  EXPECT_EQ(advice.worst_at, 65536u);
}

TEST(Threshold, WithFewerThanSixRoundsItIsAGuess) {
  const ThresholdAdvice advice = advice_for({{4096, 0.25}, {65536, 1.5}, {262144, 2}}, 4);
  EXPECT_FALSE(advice.judged);
  EXPECT_EQ(advice.threshold_bytes, 65536u);
}

TEST(Threshold, ASizeWithoutSixRoundsIsLeftOut) {
  ResultDocument document;
  add_sweep(document, 1, {{4096, 0.25}, {16384, 0.5}, {65536, 1}, {262144, 2}});
  add_sweep(document, 1, {{1048576, 0.5}}, 3);
  synthetic::judge(document);
  const ThresholdAdvice advice = advise(document).front();
  EXPECT_TRUE(advice.judged);
  EXPECT_EQ(advice.verdict, CrossoverVerdict::at);
  EXPECT_NEAR(static_cast<double>(advice.threshold_bytes), 65536, 6000);
}

TEST(Threshold, IsWrittenWithFiveBinaryDigits) {
  EXPECT_EQ(rounded_size(65536), 65536u);
  EXPECT_EQ(rounded_size(200'000), 24u * 8192);
  EXPECT_EQ(rounded_size(1), 1u);
  EXPECT_EQ(rounded_size(21), 21u);
  for (double size = 32; size < 1e9; size *= 1.013)
    EXPECT_NEAR(static_cast<double>(rounded_size(size)) / size, 1, 1.0 / 32);
}

ThresholdAdvice of_64k() {
  ThresholdAdvice advice;
  advice.threshold_bytes = 65536;
  return advice;
}

ThresholdCheck check_of(const RatioBySize& ratios, const std::string& third = {}, double third_ratio = 1) {
  ResultDocument document;
  add_sweep(document, 1, ratios, 10, third, third_ratio);
  add_sweep(document, 2, {{65536, 0.1}}, 10, third, 0.1);  // of other connections
  synthetic::judge(document);
  return check_threshold(document, of_64k(), "sdp.bcopy@local", "sdp.read_zcopy@local", third.empty() ? "" : "auto");
}

TEST(ThresholdCheck, HoldsWhereEachSideIsRight) {
  const ThresholdCheck check = check_of({{32768, 0.8}, {65536, 1.0}, {131072, 1.3}});
  EXPECT_EQ(check.held, Held::yes);
  ASSERT_EQ(check.goodput.size(), 3u);
  EXPECT_NEAR(check.goodput[0].ratio.median, 0.8, 0.01);
}

TEST(ThresholdCheck, DoesNotHoldWhereTheOtherChoiceIsSurelyBetter) {
  EXPECT_EQ(check_of({{32768, 1.2}, {65536, 1.4}, {131072, 2}}).held, Held::no);
  EXPECT_EQ(check_of({{32768, 0.4}, {65536, 0.6}, {131072, 0.8}}).held, Held::no);
}

// A twentieth is not worth a word.
TEST(ThresholdCheck, HoldsWhereTheOtherChoiceIsHardlyBetter) {
  EXPECT_EQ(check_of({{32768, 1.03}, {65536, 0.98}, {131072, 1.3}}).held, Held::yes);
}

TEST(ThresholdCheck, TheTransportThatTookItIsHeldAgainstTheBetterOfTheTwo) {
  const ThresholdCheck good = check_of({{131072, 1.5}}, "sdp.auto@local=auto", 1.48);
  EXPECT_EQ(good.held, Held::yes);
  ASSERT_EQ(good.automatic.size(), 1u);
  EXPECT_NEAR(good.automatic[0].ratio.median, 1.48 / 1.5, 0.01);
  const ThresholdCheck bad = check_of({{131072, 1.5}}, "sdp.auto@local=auto", 1.2);
  EXPECT_EQ(bad.held, Held::no);
}

TEST(ThresholdCheck, WithoutRoundsNothingIsSaid) {
  EXPECT_EQ(check_threshold({}, of_64k(), "a", "b", "").held, Held::unmeasured);
}

}  // namespace
}  // namespace xover
