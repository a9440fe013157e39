// First entries and notifications in every order that the kernel may choose, without a kernel.
#include "transports/uring/uring_notifications.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace xover {
namespace {

using Asked = UringNotifications::Asked;
using Released = UringNotifications::Released;

constexpr Failure lost{ErrorCode::peer_died, 104, "test"};

struct Books {
  explicit Books(Asked asked, std::size_t depth = 4, std::size_t requests = 16) : books(depth, requests, asked) {}

  std::vector<Released> released() {
    std::vector<Released> all;
    for (Released one; books.pop_released(one);) all.push_back(one);
    return all;
  }

  UringNotifications books;
  Ledger ledger;
};

TEST(UringNotificationsTest, ACopyingSendIsReleasedWithItsOnlyEntry) {
  Books b(Asked::copy);
  const auto op = b.books.begin(7);
  const auto request = b.books.request(op);
  b.books.seal(op);
  EXPECT_TRUE(b.released().empty());
  b.books.first_entry(request, 100, false, b.ledger);
  const auto all = b.released();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].token, 7u);
  EXPECT_EQ(all[0].bytes, 100u);
  EXPECT_EQ(all[0].evidence, Handover::kernel_by_design);
  EXPECT_EQ(b.ledger[Handover::kernel_by_design], 100u);
}

TEST(UringNotificationsTest, ACopyIsNotBelievedWhereNotificationsMayBeJoined) {
  Books b(Asked::zero_copy_and_report);
  for (const bool copied : {true, false, true}) {
    const auto op = b.books.begin(1);
    const auto request = b.books.request(op);
    b.books.first_entry(request, 100, true, b.ledger);
    b.books.seal(op);
    EXPECT_TRUE(b.books.notification(request, copied, b.ledger));
  }
  EXPECT_EQ(b.ledger[Handover::kernel_after_request], 100u);
  EXPECT_EQ(b.ledger[Handover::zero_copied], 100u);
  EXPECT_EQ(b.ledger[Handover::unverified], 100u);
}

TEST(UringNotificationsTest, AnAnnouncedNotificationIsWaitedForAndBringsTheEvidence) {
  for (const bool copied : {false, true}) {
    Books b(Asked::zero_copy_and_report);
    const auto op = b.books.begin(1);
    const auto request = b.books.request(op);
    b.books.first_entry(request, 100, true, b.ledger);
    b.books.seal(op);
    EXPECT_TRUE(b.released().empty());
    EXPECT_EQ(b.books.outstanding(), 1u);
    EXPECT_EQ(b.ledger.completed_bytes, 0u);
    EXPECT_TRUE(b.books.notification(request, copied, b.ledger));
    const Handover expected = copied ? Handover::kernel_after_request : Handover::zero_copied;
    const auto all = b.released();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].evidence, expected);
    EXPECT_EQ(b.ledger[expected], 100u);
  }
}

TEST(UringNotificationsTest, ANotificationMayOvertakeTheFirstEntry) {
  Books b(Asked::zero_copy_and_report);
  const auto op = b.books.begin(1);
  const auto request = b.books.request(op);
  b.books.seal(op);
  EXPECT_TRUE(b.books.notification(request, true, b.ledger));
  EXPECT_TRUE(b.released().empty());
  b.books.first_entry(request, 10, true, b.ledger);
  EXPECT_EQ(b.released().size(), 1u);
  EXPECT_EQ(b.ledger[Handover::kernel_after_request], 10u);
}

TEST(UringNotificationsTest, AFailedRequestThatAnnouncesANotificationIsWaitedForToo) {
  Books b(Asked::zero_copy_and_report);
  const auto op = b.books.begin(1);
  const auto request = b.books.request(op);
  b.books.first_entry(request, 0, true, b.ledger);
  b.books.seal(op, lost);
  EXPECT_TRUE(b.released().empty());
  EXPECT_TRUE(b.books.notification(request, false, b.ledger));
  const auto all = b.released();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].failure.code, ErrorCode::peer_died);
  EXPECT_EQ(all[0].bytes, 0u);
  EXPECT_EQ(b.ledger.completed_bytes, 0u);
}

// As of linked requests that were cancelled: the slot may have its next request by then.
TEST(UringNotificationsTest, AnUnannouncedNotificationDoesNotTouchTheNextRequestOfItsSlot) {
  Books b(Asked::zero_copy_and_report, 4, 1);
  const auto op = b.books.begin(1);
  const auto cancelled = b.books.request(op);
  b.books.first_entry(cancelled, 0, false, b.ledger);
  const auto again = b.books.request(op);
  ASSERT_EQ(UringNotifications::slot(again), UringNotifications::slot(cancelled));
  EXPECT_FALSE(b.books.notification(cancelled, true, b.ledger));
  b.books.first_entry(again, 50, true, b.ledger);
  b.books.seal(op);
  EXPECT_TRUE(b.released().empty());
  EXPECT_TRUE(b.books.notification(again, false, b.ledger));
  EXPECT_EQ(b.released().size(), 1u);
  EXPECT_EQ(b.ledger[Handover::zero_copied], 50u);
}

TEST(UringNotificationsTest, BytesWithoutAWordAboutThemAreUnverified) {
  Books unasked(Asked::zero_copy);
  auto op = unasked.books.begin(1);
  auto request = unasked.books.request(op);
  unasked.books.seal(op);
  unasked.books.first_entry(request, 5, true, unasked.ledger);
  unasked.books.notification(request, false, unasked.ledger);
  EXPECT_EQ(unasked.released().at(0).evidence, Handover::unverified);

  Books unannounced(Asked::zero_copy_and_report);
  op = unannounced.books.begin(1);
  request = unannounced.books.request(op);
  unannounced.books.seal(op);
  unannounced.books.first_entry(request, 5, false, unannounced.ledger);
  EXPECT_EQ(unannounced.released().at(0).evidence, Handover::unverified);
}

TEST(UringNotificationsTest, AnOpOfSeveralRequestsIsReleasedWithTheLastAndItsEvidenceMustAgree) {
  Books b(Asked::zero_copy_and_report);
  const auto op = b.books.begin(1);
  const auto first = b.books.request(op), second = b.books.request(op);
  b.books.first_entry(first, 10, true, b.ledger);
  b.books.first_entry(second, 20, true, b.ledger);
  b.books.seal(op);
  b.books.notification(second, true, b.ledger);
  EXPECT_TRUE(b.released().empty());
  b.books.notification(first, false, b.ledger);
  const auto all = b.released();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].bytes, 30u);
  EXPECT_EQ(all[0].evidence, Handover::unverified);
  EXPECT_EQ(b.ledger[Handover::kernel_after_request], 20u);
  EXPECT_EQ(b.ledger[Handover::zero_copied], 10u);
}

TEST(UringNotificationsTest, NotCopiedIsNoEvidenceOnceTheConnectionIsLost) {
  Books b(Asked::zero_copy_and_report);
  const auto op = b.books.begin(1);
  const auto one = b.books.request(op), two = b.books.request(op);
  b.books.first_entry(one, 10, true, b.ledger);
  b.books.first_entry(two, 20, true, b.ledger);
  b.books.seal(op);
  b.books.distrust();
  b.books.notification(one, false, b.ledger);
  b.books.notification(two, true, b.ledger);
  EXPECT_EQ(b.ledger[Handover::zero_copied], 0u);
  EXPECT_EQ(b.ledger[Handover::unverified], 10u);
  EXPECT_EQ(b.ledger[Handover::kernel_after_request], 20u);
}

TEST(UringNotificationsTest, AbandoningReleasesWhatIsOutstandingAsUnverified) {
  Books b(Asked::zero_copy_and_report);
  const auto waiting = b.books.begin(1), unanswered = b.books.begin(2);
  const auto request = b.books.request(waiting);
  b.books.request(unanswered);
  b.books.first_entry(request, 10, true, b.ledger);
  b.books.seal(waiting);
  b.books.seal(unanswered, lost);
  b.books.abandon(lost, b.ledger);
  const auto all = b.released();
  ASSERT_EQ(all.size(), 2u);
  for (const Released& one : all) EXPECT_EQ(one.failure.code, ErrorCode::peer_died);
  EXPECT_EQ(b.ledger[Handover::unverified], 10u);
  EXPECT_EQ(b.books.outstanding(), 0u);
  EXPECT_FALSE(b.books.notification(request, false, b.ledger));
}

TEST(UringNotificationsTest, EveryOpIsReleasedOnceAndTheLedgerAddsUpInAnyOrder) {
  std::mt19937 random(11);
  Books b(Asked::zero_copy_and_report, 8, 24);
  struct Entry {
    std::uint32_t request;
    bool notification;
    std::uint64_t bytes;
  };
  std::uint64_t expected_bytes = 0, released_bytes = 0;
  std::size_t released = 0;
  constexpr std::size_t rounds = 2000, ops = 8;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < ops; ++i) {
      const auto op = b.books.begin(i);
      for (std::size_t count = random() % 4; count > 0; --count) {
        const auto request = b.books.request(op);
        const std::uint64_t bytes = random() % 1000;
        expected_bytes += bytes;
        entries.push_back({request, false, bytes});
        entries.push_back({request, true, 0});
      }
      b.books.seal(op);
    }
    std::shuffle(entries.begin(), entries.end(), random);
    for (const Entry& entry : entries) {
      if (entry.notification) {
        EXPECT_TRUE(b.books.notification(entry.request, random() % 2 == 0, b.ledger));
      } else {
        b.books.first_entry(entry.request, entry.bytes, true, b.ledger);
      }
    }
    for (const Released& one : b.released()) {
      ++released;
      released_bytes += one.bytes;
    }
    ASSERT_EQ(b.books.outstanding(), 0u);
  }
  EXPECT_EQ(released, rounds * ops);
  EXPECT_EQ(released_bytes, expected_bytes);
  EXPECT_EQ(b.ledger.completed_bytes, expected_bytes);
  EXPECT_TRUE(b.ledger.balanced());
}

}  // namespace
}  // namespace xover
