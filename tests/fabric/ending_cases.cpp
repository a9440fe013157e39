// How connections end: in order, as by an error, and by a queue pair that goes; and what wakes a sleeper.
#include <chrono>
#include <future>
#include <thread>

#include "tests/fabric/rig.h"

namespace xover::fabric_test {
namespace {

class FabricEnding : public FabricTest {
 protected:
  static FabricShape sleeping() {
    FabricShape shape = usual_shape();
    shape.sleeps = true;
    return shape;
  }

  // `b` waits in a thread of its own until `done`; `act` happens meanwhile.
  void expect_wakes(const std::function<void()>& act, const std::function<bool()>& done) {
    const MonotonicNs start = monotonic_now_ns();
    auto waiting = std::async(std::launch::async, [&] {
      while (!done() && monotonic_now_ns() < start + bound_ns) {
        b.fabric->wait(start + bound_ns);
        while (b.poll() != 0) {
        }
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    act();
    while (waiting.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) a.poll();
    EXPECT_LT(monotonic_now_ns() - start, bound_ns / 2) << "the sleeper was not woken";
    EXPECT_TRUE(done());
  }
};

TEST_P(FabricEnding, AnOrderlyDisconnectReachesAnIdlePeer) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  a.post_receives(2, 64);
  b.post_receives(3, 64);
  a.queue_pair().disconnect();
  ASSERT_TRUE(until([&] { return a.results.size() == 2 && b.results.size() == 3; }));
  EXPECT_EQ(a.count(WorkStatus::flushed), 2u);
  EXPECT_EQ(b.count(WorkStatus::flushed), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(b.results[i].id, receive_ids + i);
  expect_ended();
  const Failure failure = b.queue_pair().failure();
  EXPECT_EQ(failure.code, ErrorCode::peer_died);
  EXPECT_EQ(failure.errno_value, 0);
  EXPECT_STREQ(failure.operation, "disconnect");
  EXPECT_EQ(b.post(Send{.size_bytes = 1}), Posted::failed);
  EXPECT_EQ(b.queue_pair().post_receive(1, b.piece(0, 64)), Posted::failed);
}

TEST_P(FabricEnding, WhatHadAResultBeforeTheDisconnectHasArrived) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(8, 64);
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_EQ(a.post(Send{.id = i, .size_bytes = 10 + i}), Posted::ok);
  while (a.results.size() < 5) a.poll(), a.fabric->clock() != nullptr&& a.fabric->clock()->advance();
  a.queue_pair().disconnect();
  ASSERT_TRUE(until([&] { return b.results.size() == 8; }));
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(b.results[i].status, i < 5 ? WorkStatus::success : WorkStatus::flushed) << i;
    EXPECT_EQ(b.results[i].bytes, i < 5 ? 10 + i : 0) << i;
  }
}

TEST_P(FabricEnding, BothMayDisconnectAtOnce) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  a.post_receives(1, 64);
  b.post_receives(1, 64);
  a.queue_pair().disconnect();
  b.queue_pair().disconnect();
  b.queue_pair().disconnect();
  EXPECT_TRUE(until([&] { return a.results.size() == 1 && b.results.size() == 1; }));
  expect_ended();
}

TEST_P(FabricEnding, AFailureEndsBothEnds) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  a.post_receives(2, 64);
  b.post_receives(2, 64);
  a.queue_pair().fail();
  EXPECT_TRUE(until([&] { return a.count(WorkStatus::flushed) == 2 && b.count(WorkStatus::flushed) == 2; }));
  expect_ended();
  EXPECT_EQ(a.post(Send{.size_bytes = 1}), Posted::failed);
  settle();
  EXPECT_EQ(a.results.size(), 2u);  // each comes back once
  EXPECT_EQ(b.results.size(), 2u);
}

TEST_P(FabricEnding, WhatWasUnderWayComesBackOnce) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(4, 64);
  for (std::uint64_t i = 0; i < 16; ++i) {
    ASSERT_EQ(a.post(OneSided{.id = i, .offset = 0, .size_bytes = 200'000, .remote = b.remote(0)}), Posted::ok);
  }
  a.queue_pair().fail();
  EXPECT_TRUE(until([&] { return a.results.size() == 16 && b.results.size() == 4; }));
  settle();
  ASSERT_EQ(a.results.size(), 16u);
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(a.results[i].id, i);
    EXPECT_TRUE(a.results[i].status == WorkStatus::success || a.results[i].status == WorkStatus::flushed);
    if (i != 0 && a.results[i - 1].status == WorkStatus::flushed) {
      EXPECT_EQ(a.results[i].status, WorkStatus::flushed);
    }
  }
}

TEST_P(FabricEnding, AQueuePairThatGoesEndsThePeersConnection) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  a.post_receives(2, 64);
  b.post_receives(2, 64);
  a.queue_pairs.clear();
  EXPECT_TRUE(until([&] { return b.count(WorkStatus::flushed) == 2; }));
  EXPECT_TRUE(b.queue_pair().failure());
}

TEST_P(FabricEnding, AFabricThatGoesEndsThePeersConnection) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(2, 64);
  a.close();
  const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
  while (b.count(WorkStatus::flushed) < 2 && monotonic_now_ns() < deadline) {
    if (b.poll() == 0 && b.fabric->clock() != nullptr) b.fabric->clock()->advance();
  }
  EXPECT_EQ(b.count(WorkStatus::flushed), 2u);
  EXPECT_TRUE(b.queue_pair().failure());
}

TEST_P(FabricEnding, ASleeperWakesForAMessage) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet(sleeping()));
  if (!b.fabric->can_sleep()) GTEST_SKIP() << "this fabric cannot sleep";
  for (std::size_t round = 1; round <= 5; ++round) {
    b.post_receives(1, 64);
    expect_wakes([&] { ASSERT_EQ(a.post(Send{.id = round, .size_bytes = 8}), Posted::ok); },
                 [&] { return b.results.size() == round; });
  }
}

TEST_P(FabricEnding, ASleeperWakesForTheEnd) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet(sleeping()));
  if (!b.fabric->can_sleep()) GTEST_SKIP() << "this fabric cannot sleep";
  b.post_receives(1, 64);
  expect_wakes([&] { a.queue_pair().disconnect(); }, [&] { return b.results.size() == 1; });
}

TEST_P(FabricEnding, AWaitEndsAtItsDeadline) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet(sleeping()));
  const MonotonicNs start = monotonic_now_ns();
  b.fabric->wait(start + second / 20);
  EXPECT_LT(monotonic_now_ns() - start, bound_ns / 2);
}

TEST_P(FabricEnding, AWaitDoesNotSleepOverWhatIsReady) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet(sleeping()));
  b.post_receives(1, 64);
  ASSERT_EQ(a.post(Send{.id = 1, .size_bytes = 8}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.results.size() == 1; }));
  const MonotonicNs start = monotonic_now_ns();
  while (b.results.empty() && monotonic_now_ns() < start + bound_ns) {
    b.fabric->wait(start + bound_ns);
    b.poll();
  }
  EXPECT_EQ(b.results.size(), 1u);
  EXPECT_LT(monotonic_now_ns() - start, bound_ns / 2);
}

INSTANTIATE_TEST_SUITE_P(Fabrics, FabricEnding, testing::ValuesIn(fabric_links), name_of_fabric);

}  // namespace
}  // namespace xover::fabric_test
