// Faults of rdma.*: a registration that fails, at each point where one is made, and a key that is stale when the peer
// comes to read.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/unit/rdma_ends.h"

namespace xover::test {
namespace {

class RdmaFault : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (const auto why = find_transport(GetParam())->probe({.name = "local"}).cause; !why.empty()) GTEST_SKIP() << why;
  }

  const GivenBack all_given_back;
};

// One end meets the other, with the given fault at the connecting end.
Result<Channel*> meet(Session& connecting, Session& listening, const std::string& address) {
  std::thread accepting([&] { (void)listening.accept(monotonic_now_ns() + second); });
  auto connected = connecting.connect(address, monotonic_now_ns() + second);
  accepting.join();
  return connected;
}

TEST_P(RdmaFault, ARegistrationThatFailsAtAnyPointOfConnectingIsSaid) {
  bool worked = false;
  int point = 0;
  for (; !worked && point < 10; ++point) {
    FabricFaults faults, none;
    auto listening = open_faulty(GetParam(), none).value();
    const std::string address = listening->listen().value();
    auto connecting = open_faulty(GetParam(), faults).value();
    faults.registrations_until_failure = point;
    const auto connected = meet(*connecting, *listening, address);
    worked = connected.has_value();
    if (worked) continue;
    EXPECT_EQ(connected.error().code, ErrorCode::no_memory) << connected.error().message();
    // The session is none the worse for it.
    auto another = open_faulty(GetParam(), none).value();
    const auto again = meet(*connecting, *another, another->listen().value());
    EXPECT_TRUE(again) << again.error().message();
  }
  EXPECT_TRUE(worked);
  EXPECT_GE(point, 2) << "no registration is made while connecting";
}

TEST_P(RdmaFault, AnArenaThatCannotBeRegisteredIsAnErrorAndTheNextOneIsNot) {
  RdmaEnds ends(GetParam());
  ends.a_faults.registrations_until_failure = 0;
  const auto none = ends.a.session->arena(4096);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::no_memory);
  EXPECT_TRUE(ends.a.session->arena(4096));
}

// Of an op with three fields in as many regions, each in turn cannot be registered. Nothing goes another way: the
// channel fails with the reason, what went before is released, and what was registered for the op is not kept in use.
TEST_P(RdmaFault, AFieldThatCannotBeRegisteredFailsTheChannelWithTheReason) {
  for (int point = 0; point < 3; ++point) {
    RdmaEnds ends(GetParam(), {.options = {{"registration", "none"}}});
    const auto before = ends.arena(100);
    ASSERT_EQ(ends.send(1, before).accepted, 1u);
    const Segment fields[] = {
        {ends.foreign(9000).data(), 9000}, {ends.foreign(9000).data(), 9000}, {ends.foreign(9000).data(), 9000}};
    const SendOp op{2, fields};
    // No memory is asked for once more by the cache when idle regions went, of which there are none here.
    ends.a_faults.registrations_until_failure = point;
    const Submitted result = ends.a.channel->submit({&op, 1});
    EXPECT_EQ(result.accepted, 0u);
    EXPECT_EQ(result.stop, Stop::failed);
    EXPECT_EQ(ends.a.channel->failure().code, ErrorCode::no_memory);
    EXPECT_STREQ(ends.a.channel->failure().operation, "a fault of the test");
    EXPECT_EQ(ends.a_faults.live_regions, 0);
    EXPECT_GT(ends.a.counter("register_failures"), 0u);
    ASSERT_TRUE(
        ends.reap_until([&] { return ends.a.count(Moment::closed) == 1 && ends.b.count(Moment::closed) == 1; }));
    EXPECT_EQ(ends.a.count(Moment::released), 1u);
    EXPECT_EQ(ends.a.last(Moment::closed)->failure.code, ErrorCode::no_memory);
    EXPECT_TRUE(ends.b.last(Moment::closed)->failure);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, RdmaFault, testing::Values("rdma.send", "rdma.write", "rdma.read"),
                         [](const auto& way) { return way.param.substr(5); });

// While another channel has the only region, this one waits; what it sends between is the end of each such wait.
TEST(RdmaRead, ManyShortWaitsForTheCacheAreNotALongOne) {
  RdmaEnds ends("rdma.read", {.options = {{"cache_regions", "1"}}, .max_channels = 2});
  const auto other = meet(*ends.a.session, *ends.b.session, ends.b.session->listen().value());
  ASSERT_TRUE(other) << other.error().message();
  const auto one = ends.foreign(9000), two = ends.foreign(9000);
  const auto released = [&] {
    const bool back = ends.reap_until([&] { return ends.a.count(Moment::released) == 1; });
    ends.a.seen.clear();
    ends.b.seen.clear();
    return back;
  };
  const MonotonicNs start = monotonic_now_ns();
  for (Token token = 1; monotonic_now_ns() - start < 2 * second + second / 2; ++token) {
    ASSERT_EQ(ends.send(token, two, *other).accepted, 1u);
    ASSERT_EQ(ends.send(token, one).stop, Stop::busy) << ends.a.channel->failure().operation;
    ASSERT_TRUE(released());
    ASSERT_EQ(ends.send(token, one).accepted, 1u);
    ASSERT_TRUE(released());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// The region goes away under what was published, as only a bug could do it: the reader is refused, both ends end, and
// every token and byte is accounted for.
TEST(RdmaRead, AStaleKeyEndsBothEndsAndNoByteIsHandedOut) {
  RdmaEnds ends("rdma.read");
  auto fabric_memory = ends.foreign(50'000);
  ASSERT_EQ(ends.send(1, fabric_memory).accepted, 1u);
  ASSERT_EQ(ends.a_faults.regions.size(), 1u);
  ASSERT_FALSE(ends.a_faults.deregister_first());
  ASSERT_TRUE(ends.reap_until([&] { return ends.a.count(Moment::closed) == 1 && ends.b.count(Moment::closed) == 1; }));
  EXPECT_EQ(ends.b.count(Moment::received), 0u);
  EXPECT_STREQ(ends.b.last(Moment::closed)->failure.operation,
               "RDMA read: the peer's key does not hold what it published");
  EXPECT_EQ(ends.a.count(Moment::released), 1u);
  EXPECT_TRUE(ends.a.first(Moment::released)->failure);
  EXPECT_EQ(ends.a.channel->ledger().completed_bytes, 0u);
}

}  // namespace
}  // namespace xover::test
