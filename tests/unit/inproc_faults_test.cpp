// The faults of inproc happen as asked: at which op, to whom, and nothing else.
#include <gtest/gtest.h>

#include "tests/unit/inproc_pair.h"

namespace xover {

namespace {

using inproc_test::Pair;

}  // namespace

TEST(InprocFaults, NoneReleasesEveryOp) {
  Pair pair({});
  EXPECT_EQ(pair.submit(4).accepted, 4u);
  pair.run();
  EXPECT_EQ(pair.released, (std::vector<Token>{1, 2, 3, 4}));
  EXPECT_EQ(pair.received_bytes, 400u);
}

TEST(InprocFaults, DropCompletionLosesExactlyOneRelease) {
  Pair pair({{"fault", "drop_completion"}, {"fault_at", "2"}});
  EXPECT_EQ(pair.submit(4).accepted, 4u);
  pair.run();
  EXPECT_EQ(pair.released, (std::vector<Token>{1, 3, 4}));
  EXPECT_EQ(pair.sent.size(), 4u);
  EXPECT_EQ(pair.received_bytes, 400u);
}

TEST(InprocFaults, DelayHoldsReleasesBackFromThatOpOn) {
  Pair pair({{"fault", "delay"}, {"fault_at", "2"}, {"fault_delay_us", "30000"}});
  const MonotonicNs start = monotonic_now_ns();
  EXPECT_EQ(pair.submit(3).accepted, 3u);
  pair.run();
  EXPECT_EQ(pair.received_bytes, 300u);
  EXPECT_EQ(pair.released, (std::vector<Token>{1}));
  while (pair.released.size() < 3 && monotonic_now_ns() - start < 5'000'000'000) pair.run();
  EXPECT_EQ(pair.released, (std::vector<Token>{1, 2, 3}));
  EXPECT_GE(monotonic_now_ns() - start, 30'000'000);
}

TEST(InprocFaults, ShortAcceptTakesAPrefixOnceAndTheWaiterDoesNotSleep) {
  Pair pair({{"fault", "short_accept"}, {"fault_at", "3"}});
  const Submitted first = pair.submit(4);
  EXPECT_EQ(first.accepted, 2u);
  EXPECT_EQ(first.stop, Stop::busy);
  pair.run();
  const MonotonicNs start = monotonic_now_ns();
  pair.sender->waiter()->wait(start + 5'000'000'000);
  EXPECT_LT(monotonic_now_ns() - start, 2'000'000'000);
  const Submitted second = pair.submit(2);
  EXPECT_EQ(second.accepted, 2u);
  EXPECT_EQ(second.stop, Stop::none);
  pair.run();
  EXPECT_EQ(pair.released.size(), 4u);
}

TEST(InprocFaults, PeerDeathEndsBothSidesBehindThatOp) {
  Pair pair({{"fault", "peer_death"}, {"fault_at", "2"}});
  const Submitted result = pair.submit(4);
  EXPECT_EQ(result.accepted, 2u);
  EXPECT_EQ(result.stop, Stop::failed);
  EXPECT_EQ(pair.out->failure().code, ErrorCode::peer_died);
  pair.run();
  EXPECT_EQ(pair.released.size(), 2u);
  EXPECT_EQ(pair.release_failures[ErrorCode::peer_died], 2u);
  EXPECT_EQ(pair.sender_close.code, ErrorCode::peer_died);
  EXPECT_EQ(pair.receiver_close.code, ErrorCode::peer_died);
}

}  // namespace xover
