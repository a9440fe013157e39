// Ranges that overlap are told to the device once, piece by piece, and forgotten with their last user; and numbers come
// back through a ring from other threads.
#include "transports/dpdk/external_memory.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "transports/dpdk/return_ring.h"

namespace xover {
namespace {

struct Told {
  std::byte *start, *end;
  bool operator==(const Told&) const = default;
};
std::vector<Told> told;
int refuse_after = -1;  // so many pieces are taken; -1: all

int add(std::span<std::byte> pages, int) {
  if (refuse_after == 0) return ENOSPC;
  if (refuse_after > 0) --refuse_after;
  for (const Told& known : told)
    EXPECT_TRUE(pages.data() >= known.end || pages.data() + pages.size() <= known.start) << "told twice";
  told.push_back({pages.data(), pages.data() + pages.size()});
  return 0;
}
int remove(std::span<std::byte> pages, int) {
  const auto found = std::ranges::find(told, Told{pages.data(), pages.data() + pages.size()});
  EXPECT_NE(found, told.end()) << "forgotten in another way than told";
  if (found != told.end()) told.erase(found);
  return 0;
}

class DpdkCountedRanges : public testing::Test {
 protected:
  void SetUp() override {
    told.clear();
    refuse_after = -1;
  }
  void TearDown() override { EXPECT_EQ(told.empty(), ranges_.empty()); }

  std::span<std::byte> range(std::size_t first, std::size_t last) {
    return std::span(memory_).subspan(first, last - first);
  }

  std::vector<std::byte> memory_ = std::vector<std::byte>(100);
  CountedRanges ranges_{add, remove, -1};
};

TEST_F(DpdkCountedRanges, WhatOverlapsIsToldInPieces) {
  EXPECT_EQ(ranges_.add(range(20, 40)), 0);
  EXPECT_EQ(ranges_.add(range(60, 80)), 0);
  EXPECT_EQ(ranges_.add(range(10, 90)), 0);
  EXPECT_EQ(told.size(), 5u);
  EXPECT_EQ(ranges_.add(range(30, 35)), 0);
  EXPECT_EQ(told.size(), 5u);
  EXPECT_EQ(ranges_.remove(range(20, 40)), 0);
  EXPECT_EQ(ranges_.remove(range(60, 80)), 0);
  EXPECT_EQ(told.size(), 5u);
  EXPECT_EQ(ranges_.remove(range(10, 90)), 0);
  EXPECT_EQ(told.size(), 1u);
  EXPECT_EQ(ranges_.remove(range(30, 35)), 0);
}

TEST_F(DpdkCountedRanges, ARefusalLeavesNothingBehind) {
  EXPECT_EQ(ranges_.add(range(40, 60)), 0);
  refuse_after = 1;
  EXPECT_EQ(ranges_.add(range(20, 80)), ENOSPC);
  EXPECT_EQ(told.size(), 1u);
  refuse_after = -1;
  EXPECT_EQ(ranges_.remove(range(40, 60)), 0);
}

TEST_F(DpdkCountedRanges, AnyOrderOfManyOverlappingRangesEndsInNothing) {
  std::vector<std::span<std::byte>> in;
  for (std::size_t i = 0; i < 40; ++i) in.push_back(range(i * 37 % 60, i * 37 % 60 + 1 + i % 40));
  for (const auto& one : in) EXPECT_EQ(ranges_.add(one), 0);
  for (std::size_t i = 0; i < in.size(); ++i) EXPECT_EQ(ranges_.remove(in[i * 7 % in.size()]), 0);
  EXPECT_TRUE(told.empty());
}

TEST(DpdkReturnRing, EveryNumberComesBackOnceFromEveryThread) {
  constexpr std::uint32_t numbers = 64, rounds = 200;
  ReturnRing ring(numbers);
  EXPECT_EQ(ring.pop(), ReturnRing::none);
  // Numbers go round: out to a thread, back through the ring.
  std::array<std::atomic<std::uint32_t>, numbers> out{};
  std::atomic<bool> stop{false};
  const auto giver = [&](std::uint32_t first) {
    while (!stop.load()) {
      for (std::uint32_t number = first; number < numbers; number += 3) {
        if (out[number].exchange(0) != 0) ring.push(number);
      }
      std::this_thread::yield();
    }
  };
  std::vector<std::thread> givers;
  for (std::uint32_t first = 0; first < 3; ++first) givers.emplace_back(giver, first);
  std::array<std::uint32_t, numbers> times{};
  std::uint64_t back = 0;
  for (auto& one : out) one.store(1);
  while (back < std::uint64_t{numbers} * rounds) {
    const std::uint32_t number = ring.pop();
    if (number == ReturnRing::none) {
      std::this_thread::yield();
      continue;
    }
    ++back;
    if (++times[number] < rounds) out[number].store(1);
  }
  stop = true;
  for (auto& thread : givers) thread.join();
  for (const std::uint32_t count : times) EXPECT_EQ(count, rounds);
  EXPECT_EQ(ring.pop(), ReturnRing::none);
}

}  // namespace
}  // namespace xover
