// What sdp.auto learns: from costs whose truth is known, and on a real connection that its decisions are counted.
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/unit/sdp_pair.h"
#include "transports/sdp/threshold_learner.h"

namespace xover {
namespace {

// fixed + per byte, for each path.
struct Costs {
  double copy_fixed_ns = 100, copy_ns_per_byte = 0.2;
  double zero_copy_fixed_ns = 5'000, zero_copy_ns_per_byte = 0.05;

  std::int64_t of(SdpPath path, std::size_t bytes) const {
    const double size = static_cast<double>(bytes);
    return static_cast<std::int64_t>(path == SdpPath::copy ? copy_fixed_ns + copy_ns_per_byte * size
                                                           : zero_copy_fixed_ns + zero_copy_ns_per_byte * size);
  }
};

void send(ThresholdLearner& learner, const Costs& costs, std::size_t bytes, int messages) {
  for (int i = 0; i < messages; ++i) {
    const auto choice = learner.choose(bytes);
    if (choice.teaches) learner.learn(choice.path, bytes, costs.of(choice.path, bytes));
  }
}

TEST(SdpAuto, FindsTheCrossoverFromBelowAndFromAbove) {
  const Costs costs;  // equal at 32667 bytes
  for (const std::size_t start : {std::size_t{1024}, std::size_t{64} << 20}) {
    ThresholdLearner learner(start, false);
    for (int pass = 0; pass < 4; ++pass) {
      for (std::size_t size = 1024; size <= (std::size_t{4} << 20); size *= 2) send(learner, costs, size, 1024);
    }
    EXPECT_GE(learner.threshold_bytes(), 32u << 10) << "began at " << start;
    EXPECT_LE(learner.threshold_bytes(), 64u << 10) << "began at " << start;
    EXPECT_GT(learner.counts().switches, 0u);
  }
}

TEST(SdpAuto, TriesTheOtherPathWithOneMessageIn64) {
  const Costs costs;
  ThresholdLearner learner(64 << 10, false);
  send(learner, costs, 1 << 20, 100 * 1024);
  const double share = static_cast<double>(learner.counts().explored) / (100 * 1024);
  EXPECT_GE(share, 0.01);
  EXPECT_LE(share, 0.02);
  EXPECT_EQ(learner.counts().copied, learner.counts().explored);
}

TEST(SdpAuto, ADifferenceOfLessThanATenthChangesNothing) {
  for (const SdpPath first : {SdpPath::copy, SdpPath::zero_copy}) {
    Costs costs{.copy_fixed_ns = 1000, .copy_ns_per_byte = 1, .zero_copy_fixed_ns = 1000, .zero_copy_ns_per_byte = 1};
    (first == SdpPath::copy ? costs.zero_copy_ns_per_byte : costs.copy_ns_per_byte) = 0.93;
    ThresholdLearner learner(first == SdpPath::copy ? SIZE_MAX : 1, false);
    send(learner, costs, 100'000, 20'000);
    EXPECT_EQ(learner.counts().switches, 0u);
  }
}

TEST(SdpAuto, ChangesItsMindWhenTheCostsDo) {
  Costs costs;
  ThresholdLearner learner(64 << 10, false);
  send(learner, costs, 1 << 20, 4096);
  EXPECT_LE(learner.threshold_bytes(), std::size_t{1} << 20);
  costs.zero_copy_ns_per_byte = 1;
  send(learner, costs, 1 << 20, 8192);
  EXPECT_GT(learner.threshold_bytes(), std::size_t{1} << 20);
  EXPECT_GE(learner.counts().switches, 1u);
}

// Two messages in flight that end together: the first has all of the time.
TEST(SdpAuto, MessagesThatEndTogetherAreTakenTogether) {
  const Costs costs;
  ThresholdLearner learner(64 << 10, false);
  for (int i = 0; i < 20'000; ++i) {
    const auto choice = learner.choose(1 << 20);
    const std::int64_t cost = costs.of(choice.path, 1 << 20);
    if (choice.teaches) learner.learn(choice.path, 1 << 20, i % 4 == 0 ? 4 * cost : 0);
  }
  EXPECT_EQ(learner.counts().switches, 0u);
}

TEST(SdpAuto, OneSlowMessageDoesNotDecide) {
  const Costs costs;
  ThresholdLearner learner(64 << 10, false);
  send(learner, costs, 1 << 20, 4096);
  learner.learn(SdpPath::zero_copy, 1 << 20, 3 * costs.of(SdpPath::copy, 1 << 20));
  EXPECT_EQ(learner.counts().switches, 0u);
  EXPECT_LE(learner.threshold_bytes(), std::size_t{1} << 20);
}

TEST(SdpAuto, EveryDecisionOfAConnectionIsCounted) {
  test::SdpPair pair("sdp.auto", {.depth = 4});
  std::size_t messages = 0;
  for (int i = 0; i < 400; ++i) {
    for (const std::size_t size : {std::size_t{100}, std::size_t{300'000}}) {
      ASSERT_NE(pair.send(size), 0u);
      ++messages;
      ASSERT_TRUE(pair.run_until([&] {
        pair.keep_offered(2, 300'000);
        return pair.arrived_bytes() == pair.sent_bytes() && pair.a.count(Moment::released) == messages;
      }));
    }
  }
  EXPECT_TRUE(pair.intact());
  EXPECT_EQ(pair.a.counter("auto_copied") + pair.a.counter("auto_zero_copied"), messages);
  EXPECT_GT(pair.a.counter("auto_explored"), 0u);
  EXPECT_LT(pair.a.counter("auto_explored"), messages / 10);
  // What was decided is what was done.
  EXPECT_EQ(pair.a.counter("bcopy_because_below_threshold"), pair.a.counter("auto_copied"));
  EXPECT_GT(pair.a.counter("adverts_read"), 0u);
}

TEST(SdpAuto, AThresholdThatIsSetIsKept) {
  test::SdpPair pair("sdp.auto", {.depth = 2, .options = {{"threshold", "10000"}}});
  for (const std::size_t size : {9'999, 10'000}) {
    ASSERT_NE(pair.send(size), 0u);
    ASSERT_TRUE(pair.receive(pair.sent_bytes(), 100'000));
  }
  EXPECT_EQ(pair.a.counter("auto_copied"), 1u);
  EXPECT_EQ(pair.a.counter("auto_zero_copied"), 1u);
  EXPECT_EQ(pair.a.counter("auto_threshold_bytes"), 10'000u);
  EXPECT_EQ(pair.a.counter("auto_explored"), 0u);
}

TEST(SdpAuto, AFixedThresholdIsKeptAndNothingIsTried) {
  ThresholdLearner learner(10'000, true);
  send(learner, Costs{}, 9'999, 5'000);
  send(learner, Costs{}, 10'000, 5'000);
  EXPECT_EQ(learner.counts().copied, 5'000u);
  EXPECT_EQ(learner.counts().zero_copied, 5'000u);
  EXPECT_EQ(learner.counts().explored, 0u);
  EXPECT_EQ(learner.threshold_bytes(), 10'000u);
}

TEST(SdpAuto, SizesNeverSeenFollowWhatIsKnownOfOthers) {
  const Costs costs;
  ThresholdLearner learner(std::size_t{64} << 20, false);
  send(learner, costs, 1 << 20, 4096);
  EXPECT_EQ(learner.choose(4 << 20).path, SdpPath::zero_copy);
  EXPECT_EQ(learner.choose(4 << 10).path, SdpPath::copy);
}

}  // namespace
}  // namespace xover
