// The books of MSG_ZEROCOPY: ranges merged, out of order, repeated and across the wrap; partial sends; evidence.
#include <gtest/gtest.h>

#include <optional>

#include "transports/common/zerocopy_notifications.h"

namespace xover {
namespace {

struct Books {
  ZerocopyNotifications books;
  Ledger ledger;

  explicit Books(std::uint32_t first_id = 0) : books(8, 16, first_id) {}

  void send(Token token, std::initializer_list<std::size_t> calls) {
    books.begin(token);
    for (const std::size_t bytes : calls) books.sent(bytes);
    books.seal();
  }
  std::optional<ZerocopyNotifications::Released> released() {
    ZerocopyNotifications::Released out;
    return books.pop_released(out) ? std::optional(out) : std::nullopt;
  }
  void complete(std::uint32_t first, std::uint32_t last, bool copied = true) {
    books.complete(first, last, copied, ledger);
    EXPECT_TRUE(ledger.balanced());
  }
};

TEST(ZerocopyNotificationsTest, AMergedRangeReleasesEachOfItsOps) {
  Books t;
  for (Token token = 10; token < 13; ++token) t.send(token, {100});
  t.complete(0, 2);
  for (Token token = 10; token < 13; ++token) {
    const auto released = t.released();
    ASSERT_TRUE(released);
    EXPECT_EQ(released->token, token);
    EXPECT_EQ(released->bytes, 100u);
    EXPECT_EQ(released->evidence, Handover::kernel_after_request);
  }
  EXPECT_FALSE(t.released());
  EXPECT_EQ(t.ledger[Handover::kernel_after_request], 300u);
}

TEST(ZerocopyNotificationsTest, RangesOutOfOrderReleaseTheirOwnOpsOnly) {
  Books t;
  for (Token token = 0; token < 4; ++token) t.send(token, {1});
  t.complete(2, 3);
  EXPECT_EQ(t.released()->token, 2u);
  EXPECT_EQ(t.released()->token, 3u);
  EXPECT_FALSE(t.released());
  EXPECT_EQ(t.books.outstanding_ids(), 2u);
  t.complete(0, 1);
  EXPECT_EQ(t.released()->token, 0u);
  EXPECT_EQ(t.released()->token, 1u);
  EXPECT_EQ(t.books.outstanding_ids(), 0u);
}

TEST(ZerocopyNotificationsTest, AnOpOfSeveralCallsIsReleasedWithItsLast) {
  Books t;
  t.send(5, {1000, 200, 30});
  t.complete(2, 2);
  t.complete(0, 0);
  EXPECT_FALSE(t.released());
  t.complete(1, 1);
  EXPECT_EQ(t.released()->bytes, 1230u);
  EXPECT_EQ(t.ledger.completed_bytes, 1230u);
}

TEST(ZerocopyNotificationsTest, AnOpIsNotReleasedBeforeItIsSealed) {
  Books t;
  t.books.begin(1);
  t.books.sent(10);
  t.complete(0, 0);
  EXPECT_FALSE(t.released());
  t.books.sent(10);
  t.books.seal();
  EXPECT_FALSE(t.released());
  t.complete(1, 1);
  EXPECT_EQ(t.released()->bytes, 20u);
}

TEST(ZerocopyNotificationsTest, IdsWrapAt32Bits) {
  Books t(UINT32_MAX - 1);
  for (Token token = 0; token < 4; ++token) t.send(token, {1});  // ids MAX-1, MAX, 0, 1
  t.complete(UINT32_MAX, 0);
  EXPECT_EQ(t.released()->token, 1u);
  EXPECT_EQ(t.released()->token, 2u);
  t.complete(UINT32_MAX - 1, UINT32_MAX - 1);
  t.complete(1, 1);
  EXPECT_EQ(t.released()->token, 0u);
  EXPECT_EQ(t.released()->token, 3u);
  EXPECT_EQ(t.books.outstanding_ids(), 0u);
}

TEST(ZerocopyNotificationsTest, ARangeThatComesTwiceCountsOnce) {
  Books t;
  t.send(1, {10});
  t.send(2, {10});
  t.complete(0, 0);
  t.complete(0, 0);
  t.complete(0, 1);
  EXPECT_EQ(t.released()->token, 1u);
  EXPECT_EQ(t.released()->token, 2u);
  EXPECT_FALSE(t.released());
  EXPECT_EQ(t.ledger.completed_bytes, 20u);
}

TEST(ZerocopyNotificationsTest, WhileOneFlagWasSeenItHoldsForWholeRanges) {
  Books t;
  for (Token token = 0; token < 4; ++token) t.send(token, {10});
  t.complete(0, 1, false);
  t.complete(2, 3, false);
  EXPECT_EQ(t.ledger[Handover::zero_copied], 40u);
}

TEST(ZerocopyNotificationsTest, OnceBothFlagsWereSeenOnlyTheFirstIdOfARangeIsKnown) {
  Books t;
  for (Token token = 0; token < 6; ++token) t.send(token, {10});
  t.complete(0, 0, true);
  t.complete(1, 2, false);
  t.complete(3, 5, true);
  EXPECT_EQ(t.ledger[Handover::kernel_after_request], 20u);
  EXPECT_EQ(t.ledger[Handover::zero_copied], 10u);
  EXPECT_EQ(t.ledger[Handover::unverified], 30u);
}

TEST(ZerocopyNotificationsTest, AnOpWhoseCallsDifferIsUnverifiedButItsBytesAreBookedApart) {
  Books t;
  t.send(1, {10, 5});
  t.complete(0, 0, true);
  t.complete(1, 1, false);
  EXPECT_EQ(t.released()->evidence, Handover::unverified);
  EXPECT_EQ(t.ledger[Handover::kernel_after_request], 10u);
  EXPECT_EQ(t.ledger[Handover::zero_copied], 5u);
}

TEST(ZerocopyNotificationsTest, NothingIsEvidenceOnceTheConnectionIsGone) {
  Books t;
  t.send(1, {10});
  t.books.distrust();
  t.complete(0, 0, false);
  EXPECT_EQ(t.ledger[Handover::unverified], 10u);
  EXPECT_EQ(t.ledger[Handover::zero_copied], 0u);
}

TEST(ZerocopyNotificationsTest, AbandoningReleasesEverythingWithTheFailure) {
  Books t;
  t.send(1, {10});
  t.send(2, {10, 20});
  t.books.begin(3);
  t.books.sent(7);
  t.complete(1, 1);
  t.books.abandon({ErrorCode::aborted, 0, "abort"}, t.ledger);
  for (int i = 0; i < 3; ++i) {
    const auto released = t.released();
    ASSERT_TRUE(released);
    EXPECT_EQ(released->failure.code, ErrorCode::aborted);
    EXPECT_EQ(released->evidence, Handover::unverified);
  }
  EXPECT_FALSE(t.released());
  EXPECT_EQ(t.ledger.completed_bytes, 47u);
  EXPECT_EQ(t.ledger[Handover::unverified], 37u);
}

TEST(ZerocopyNotificationsTest, ACallThatFailedButWasCountedIsSkipped) {
  Books t;
  t.send(1, {10});
  t.complete(1, 1);  // the kernel counted a call that this side saw fail
  t.send(2, {10});   // gets id 2
  t.complete(0, 0);
  EXPECT_EQ(t.released()->token, 1u);
  EXPECT_FALSE(t.released());
  t.complete(2, 2);
  EXPECT_EQ(t.released()->token, 2u);
}

TEST(ZerocopyNotificationsTest, RoomIsBoundedByTheOldestOutstandingCall) {
  Books t;
  t.books.begin(1);
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(t.books.room());
    t.books.sent(1);
  }
  EXPECT_FALSE(t.books.room());
  t.complete(1, 5);
  EXPECT_FALSE(t.books.room());
  t.complete(0, 0);
  EXPECT_TRUE(t.books.room());
}

}  // namespace
}  // namespace xover
