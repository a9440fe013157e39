// The ledger's law, and the copy that books itself.
#include "core/ledger.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace xover {
namespace {

constexpr std::array<Handover, handover_classes> all_classes = {Handover::kernel_by_design,
                                                                Handover::kernel_after_request, Handover::driver,
                                                                Handover::zero_copied, Handover::unverified};

TEST(Ledger, StartsEmptyAndBalanced) {
  const Ledger ledger;
  EXPECT_EQ(ledger.completed_bytes, 0U);
  EXPECT_EQ(ledger.user_copied_bytes, 0U);
  for (const Handover handover : all_classes) EXPECT_EQ(ledger[handover], 0U);
  EXPECT_TRUE(ledger.balanced());
}

TEST(Ledger, BooksEachByteInItsClassAlone) {
  for (const Handover booked : all_classes) {
    Ledger ledger;
    ledger.complete(booked, 100);
    ledger.complete(booked, 1);
    for (const Handover handover : all_classes) EXPECT_EQ(ledger[handover], handover == booked ? 101U : 0U);
    EXPECT_EQ(ledger.completed_bytes, 101U);
    EXPECT_TRUE(ledger.balanced());
  }
}

TEST(Ledger, IsUnbalancedWhenABytesClassIsMissingOrTooMuch) {
  Ledger missing;
  missing.complete(Handover::driver, 10);
  missing.completed_bytes += 1;
  EXPECT_FALSE(missing.balanced());
  Ledger too_much;
  too_much.complete(Handover::driver, 10);
  too_much.handover_bytes[static_cast<std::size_t>(Handover::zero_copied)] += 1;
  EXPECT_FALSE(too_much.balanced());
}

TEST(Ledger, UserCopiesStandBesideTheLaw) {
  Ledger ledger;
  ledger.complete(Handover::zero_copied, 10);
  ledger.user_copied_bytes += 1000;
  EXPECT_TRUE(ledger.balanced());
}

TEST(Ledger, SumsOverChannelsClassByClass) {
  Ledger left, right;
  std::uint64_t size_bytes = 1;
  for (const Handover handover : all_classes) {
    left.complete(handover, size_bytes);
    right.complete(handover, size_bytes * 100);
    size_bytes *= 2;
  }
  left.user_copied_bytes = 3;
  right.user_copied_bytes = 4;
  left += right;
  size_bytes = 1;
  for (const Handover handover : all_classes) {
    EXPECT_EQ(left[handover], size_bytes * 101);
    size_bytes *= 2;
  }
  EXPECT_EQ(left.completed_bytes, 31U * 101);
  EXPECT_EQ(left.user_copied_bytes, 7U);
  EXPECT_TRUE(left.balanced());
}

TEST(CountedCopy, CopiesAndBooks) {
  const std::array<std::byte, 4> from = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  std::array<std::byte, 4> to{};
  Ledger ledger;
  counted_copy(ledger, to.data(), from.data(), 3);
  EXPECT_EQ(to, (std::array<std::byte, 4>{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{0}}));
  EXPECT_EQ(ledger.user_copied_bytes, 3U);
  EXPECT_EQ(ledger.completed_bytes, 0U);
}

TEST(CountedCopy, NothingMayComeFromNowhere) {
  Ledger ledger;
  counted_copy(ledger, nullptr, nullptr, 0);
  EXPECT_EQ(ledger.user_copied_bytes, 0U);
}

TEST(Handover, NamesAreDistinctAndAsInResults) {
  std::set<std::string_view> names;
  for (const Handover handover : all_classes) names.insert(to_string(handover));
  EXPECT_EQ(names, (std::set<std::string_view>{"kernel_by_design", "kernel_after_request", "driver", "zero_copied",
                                               "unverified"}));
}

}  // namespace
}  // namespace xover
