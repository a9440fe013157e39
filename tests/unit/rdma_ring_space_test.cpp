// Where messages lie in a ring.
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <random>

#include "transports/rdma/ring_space.h"

namespace xover {
namespace {

TEST(RdmaRingSpace, MessagesLieBehindEachOtherAndNoneIsCutAtTheEnd) {
  RingSpace space(1024, 8);
  EXPECT_EQ(*space.place(100), 0u);
  space.take(100);
  EXPECT_EQ(*space.place(512), 128u);
  space.take(512);
  EXPECT_EQ(*space.place(384), 640u);
  EXPECT_FALSE(space.place(385)) << "it would lie over the end, and the start is taken";
  space.give_back(0);
  EXPECT_EQ(*space.place(128), 640u);
  space.give_back(1);
  EXPECT_EQ(*space.place(385), 0u) << "the rest of the ring is passed over";
}

TEST(RdmaRingSpace, RoomComesBackUpToTheOldestThatIsStillOut) {
  RingSpace space(1024, 8);
  for (int i = 0; i < 4; ++i) space.take(256);
  space.give_back(2);
  space.give_back(1);
  EXPECT_EQ(space.given_back(), 0u);
  EXPECT_FALSE(space.place(64));
  space.give_back(0);
  EXPECT_EQ(space.given_back(), 3u);
  EXPECT_EQ(space.given_back_bytes(), 768u);
  EXPECT_EQ(*space.place(256), 0u);
}

TEST(RdmaRingSpace, HasNoMoreMessagesThanItWasMadeFor) {
  RingSpace space(1024, 3);
  for (int i = 0; i < 3; ++i) space.take(0);
  EXPECT_FALSE(space.place(0)) << "empty messages count, too";
  space.give_back(0);
  EXPECT_TRUE(space.place(0));
}

// What a sender relies on that waits for a grant which speaks of three quarters.
TEST(RdmaRingSpace, AQuarterAlwaysFitsOnceThreeQuartersAreFree) {
  constexpr std::size_t ring_bytes = 4096;
  RingSpace space(ring_bytes, 64);
  struct Lying {
    std::uint64_t number;
    std::size_t from, to, taken;  // taken: with what was passed over before it
  };
  std::deque<Lying> out;
  std::mt19937 random(7);
  std::size_t behind_last = 0, taken = 0;
  for (int turn = 0; turn < 20'000; ++turn) {
    const std::size_t size = random() % (ring_bytes / 4 + 1);
    while (!space.place(size)) {
      ASSERT_GT(taken, ring_bytes / 4) << size << " bytes have no room";
      taken -= out.front().taken;
      space.give_back(out.front().number);
      out.pop_front();
    }
    const std::size_t from = *space.place(size);
    for (const Lying& message : out) ASSERT_TRUE(from >= message.to || from + size <= message.from);
    ASSERT_LE(from + size, ring_bytes);
    const std::size_t rounded = (size + 63) / 64 * 64;
    const std::size_t passed_over = from >= behind_last ? 0 : ring_bytes - behind_last;
    out.push_back({space.take(size), from, from + size, rounded + passed_over});
    taken += rounded + passed_over;
    behind_last = (from + rounded) % ring_bytes;
  }
}

}  // namespace
}  // namespace xover
