// What goes wrong on a DPDK link: pools that run dry, peers that die or abort, leases that outlast the other end,
// frames that are lost. Each ends in a clear result in time, and with all mbufs back.
#include <future>

#include <gtest/gtest.h>

#include "tests/unit/dpdk_sessions.h"

namespace xover {
namespace {

using test::DpdkSessions;
using test::Outgoing;
using test::second;

class DpdkFault : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { REQUIRE_DPDK(); }
  static bool copies() { return std::string_view(GetParam()) == "dpdk.copy"; }

 public:
  // Sends until nothing goes any more, and has the receiver take it without giving anything back.
  static std::size_t fill(DpdkSessions& pair, const std::vector<Outgoing>& messages) {
    std::size_t gone = 0;
    for (int turn = 0; turn < 300; ++turn) {
      gone = pair.send_some(messages, gone);
      pair.a.reap();
      pair.b.reap();
    }
    return gone;
  }
};

TEST_P(DpdkFault, APoolThatOthersKeepDryFailsTheChannelThatHasNothingOnItsWay) {
  if (std::string_view(GetParam()) == "dpdk.mbuf") GTEST_SKIP() << "the arena is made of the mbufs";
  DpdkSessions pair(GetParam(), {.depth = 8, .options = {{"pool", "64"}}, .channels = 2});
  const auto &first = pair.messages({1'000'000}), &other = pair.messages({1000});
  pair.send_some(first, 0);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.counter("pool_dry") != 0 && pair.b.count(Moment::received) > 30; }));
  for (int turn = 0; turn < 100; ++turn) pair.a.reap(), pair.b.reap();
  pair.send_some(other, 0, pair.a_channels[1]);
  const auto failed = [&] { return pair.a.last(Moment::closed) != nullptr; };
  const MonotonicNs start = monotonic_now_ns();
  ASSERT_TRUE(pair.reap_until(failed, 5 * second));
  EXPECT_GT(monotonic_now_ns() - start, second);
  EXPECT_EQ(pair.a.last(Moment::closed)->channel, 1u);
  EXPECT_EQ(pair.a.last(Moment::closed)->failure.code, ErrorCode::no_memory);
  EXPECT_EQ(pair.a_channels[1]->failure().code, ErrorCode::no_memory);
  EXPECT_EQ(pair.a.last(Moment::released)->failure.code, ErrorCode::no_memory);
  EXPECT_TRUE(pair.reap_until([&] { return pair.b.last(Moment::closed) != nullptr; }, 5 * second));
  // The channel whose receiver was slow has only waited.
  std::size_t received = pair.b.received_bytes();
  pair.b.seen.clear();
  EXPECT_TRUE(pair.reap_until([&] {
    received += pair.b.received_bytes();
    pair.b.seen.clear();
    return received == 1'000'000;
  }));
}

TEST_P(DpdkFault, APeerThatGoesInTheMiddleIsToldAndEverythingComesBack) {
  DpdkSessions pair(GetParam(), {.depth = 4});
  const auto& messages = pair.messages(std::vector<std::size_t>(8, 3'000'000));
  const std::size_t gone = fill(pair, messages);
  ASSERT_GT(pair.b.received_bytes(), 0u);
  pair.b.seen.clear();
  pair.b.session.reset();
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }, 5 * second));
  EXPECT_EQ(pair.a.first(Moment::closed)->failure.code, ErrorCode::peer_died);
  EXPECT_EQ(pair.a.count(Moment::released), gone);
  EXPECT_EQ(pair.a.channel->failure().code, ErrorCode::peer_died);
  EXPECT_EQ(pair.a.counter("mbufs_missing"), 0u);
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
  const SendOp op{1, messages[0].segments};
  EXPECT_EQ(pair.a.channel->submit({&op, 1}).stop, Stop::failed);
}

TEST_P(DpdkFault, ASenderThatAbortsInTheMiddleIsSeenByTheReceiver) {
  DpdkSessions pair(GetParam(), {.depth = 4});
  const auto& messages = pair.messages(std::vector<std::size_t>(8, 3'000'000));
  const std::size_t gone = fill(pair, messages);
  const MonotonicNs start = monotonic_now_ns();
  pair.a.channel->abort();
  pair.b.seen.clear();
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) + pair.b.count(Moment::closed) == 2; }));
  EXPECT_LT(monotonic_now_ns() - start, abort_bound_ns);
  EXPECT_EQ(pair.a.first(Moment::closed)->failure.code, ErrorCode::aborted);
  EXPECT_EQ(pair.b.first(Moment::closed)->failure.code, ErrorCode::peer_died);
  EXPECT_EQ(pair.a.count(Moment::released), gone);
  EXPECT_EQ(pair.a.last(Moment::released)->failure.code, ErrorCode::aborted);
}

TEST_P(DpdkFault, AnAbortDoesNotWaitForLeasesBeyondItsBound) {
  DpdkSessions pair(GetParam(), {.depth = 2});
  const auto& messages = pair.messages({100'000, 100'000});
  fill(pair, messages);
  ASSERT_GT(pair.b.received_bytes(), 0u);
  const MonotonicNs start = monotonic_now_ns();
  pair.a.channel->abort();
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }));
  EXPECT_LT(monotonic_now_ns() - start, abort_bound_ns);
  EXPECT_EQ(pair.a.count(Moment::released), 2u);
  EXPECT_EQ(pair.a.counter("forced_releases"), copies() ? 0u : 2u);
}

TEST_P(DpdkFault, LeasesOutlastTheEndOfTheSendersSession) {
  DpdkSessions pair(GetParam(), {.depth = 8});
  const auto& messages = pair.messages({10'000, 20'000});
  pair.send_some(messages, 0);
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.received_bytes() == 30'000; }));
  const MonotonicNs start = monotonic_now_ns();
  pair.a.session.reset();
  EXPECT_LT(monotonic_now_ns() - start, 2 * second);
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::closed) == 1; }, 5 * second));
  DpdkSessions::Arrived arrived;
  DpdkSessions::take(pair.b, arrived);
  EXPECT_EQ(arrived.bytes, 30'000u);
  EXPECT_EQ(arrived.wrong, 0u) << "the sender's end has changed what was on loan";
}

TEST_P(DpdkFault, AnEndInOrderIsOneAlsoWhenThePeerGoesAtOnce) {
  DpdkSessions pair(GetParam(), {.depth = 8});
  const auto& messages = pair.messages(std::vector<std::size_t>(5, 50'000));
  ASSERT_EQ(pair.send_some(messages, 0), 5u);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::sent) == 5; }));
  pair.a.channel->shutdown_send();
  DpdkSessions::Arrived arrived;
  ASSERT_TRUE(pair.reap_until([&] {
    DpdkSessions::take(pair.b, arrived);
    return pair.a.count(Moment::released) == 5;
  }));
  pair.a.session.reset();
  ASSERT_TRUE(pair.reap_until([&] {
    DpdkSessions::take(pair.b, arrived);
    return pair.b.count(Moment::closed) == 1;
  }));
  EXPECT_FALSE(pair.b.first(Moment::closed)->failure) << pair.b.first(Moment::closed)->failure.operation;
  EXPECT_EQ(arrived.messages, 5u);
}

TEST_P(DpdkFault, AnMtuWithoutRoomForTheHeadersIsRefused) {
  for (const std::size_t mtu : {std::size_t{1}, std::size_t{44}}) {
    const auto session = test::open_session(GetParam(), {}, 1, 1, test::ring_link(mtu));
    ASSERT_FALSE(session) << "mtu " << mtu;
    EXPECT_NE(session.error().message().find("mtu"), std::string::npos) << session.error().message();
  }
}

TEST_P(DpdkFault, APoolThatCouldNotHoldAFrameIsRefused) {
  const auto session = test::open_session(GetParam(), {{"pool", "10"}}, 1, 1, test::ring_link());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::bad_input);
  EXPECT_NE(session.error().message().find("pool=10"), std::string::npos) << session.error().message();
}

// The frame lies in the ring when its sender's session goes.
TEST_P(DpdkFault, AFrameWhoseSenderHasGoneIsWholeOrNotThere) {
  DpdkSessions pair(GetParam());
  const auto& messages = pair.messages({1400}, 14);
  ASSERT_EQ(pair.send_some(messages, 0), 1u);
  ASSERT_EQ(pair.a.counter("frames_sent"), 1u);
  pair.a.session.reset();
  DpdkSessions::Arrived arrived;
  ASSERT_TRUE(pair.reap_until([&] {
    DpdkSessions::take(pair.b, arrived);
    return pair.b.count(Moment::closed) == 1;
  }));
  EXPECT_EQ(arrived.wrong, 0u);
  EXPECT_TRUE(arrived.bytes == 0 || arrived.bytes == 1400) << arrived.bytes;
}

TEST_P(DpdkFault, AnAbortComesBeforeAnEndInOrderThatNobodySaw) {
  for (const bool heard : {true, false}) {
    DpdkSessions pair(GetParam());
    const auto& messages = pair.messages({20'000, 3000});
    ASSERT_EQ(pair.send_some(messages, 0), 2u);
    pair.a.channel->shutdown_send();
    for (const MonotonicNs deadline = monotonic_now_ns() + 50'000'000; monotonic_now_ns() < deadline;) {
      pair.a.reap();
      if (heard) pair.b.session->reap({});
    }
    pair.b.channel->abort();
    ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::closed) == 1; }));
    EXPECT_EQ(pair.b.first(Moment::closed)->failure.code, ErrorCode::aborted) << (heard ? "heard" : "not heard");
    EXPECT_EQ(pair.b.count(Moment::received), 0u) << (heard ? "heard" : "not heard");
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, DpdkFault, testing::Values("dpdk.copy", "dpdk.mbuf", "dpdk.extbuf"),
                         [](const auto& way) { return std::string(way.param).substr(5); });

TEST(DpdkCopyFault, WhatLiesInThePortWhenThePeerHasGoneInOrderIsHandedOut) {
  REQUIRE_DPDK();
  DpdkSessions pair("dpdk.copy");
  ASSERT_EQ(pair.send_some(pair.messages(std::vector<std::size_t>(5, 50'000)), 0), 5u);
  pair.a.channel->shutdown_send();
  while (pair.a.count(Moment::released) < 5) ASSERT_NE(pair.a.reap(), 0u);  // what was copied is free at once
  pair.a.session.reset();
  DpdkSessions::Arrived arrived;
  ASSERT_TRUE(pair.reap_until([&] {
    DpdkSessions::take(pair.b, arrived);
    return pair.b.count(Moment::closed) == 1;
  }));
  EXPECT_FALSE(pair.b.first(Moment::closed)->failure) << pair.b.first(Moment::closed)->failure.operation;
  EXPECT_EQ(arrived.messages, 5u);
  EXPECT_EQ(arrived.wrong, 0u);
}

// The peer sends, says that this was all, and goes, at any moment of the receiver's turn.
TEST(DpdkCopyFault, ShortConnectionsThatEndInOrderAtOnceLoseNothing) {
  REQUIRE_DPDK();
  constexpr std::size_t connections = 60;
  const std::size_t lost_before = MbufPool::lost();
  for (std::size_t i = 0; i < connections; ++i) {
    test::SessionEnd receiver{.session = test::open_session("dpdk.copy", {}, 8, 1, test::ring_link()).value()};
    const std::string address = receiver.session->listen().value();
    std::promise<void> receiving;
    std::thread sending([&] {
      test::SessionEnd sender{.session = test::open_session("dpdk.copy", {}, 8, 1, test::ring_link()).value()};
      Channel& channel = *sender.session->connect(address, test::soon()).value();
      const Segment segment{sender.session->arena(3000).value().front().data, 3000};
      fill_payload({segment.data, segment.size_bytes}, test::dpdk_seed, 0);
      receiving.get_future().wait();
      const SendOp op{1, {&segment, 1}};
      EXPECT_EQ(channel.submit({&op, 1}).accepted, 1u);
      EXPECT_EQ(sender.reap(), 1u);
      channel.shutdown_send();
    });
    receiver.session->accept(test::soon()).value();
    receiving.set_value();
    DpdkSessions::Arrived arrived;
    for (const MonotonicNs deadline = test::soon(); receiver.count(Moment::closed) == 0;) {
      if (monotonic_now_ns() > deadline) break;
      receiver.reap();
      DpdkSessions::take(receiver, arrived);
    }
    sending.join();
    ASSERT_EQ(receiver.count(Moment::closed), 1u) << "connection " << i;
    const Failure& failure = receiver.first(Moment::closed)->failure;
    EXPECT_FALSE(failure) << failure.operation << ", connection " << i;
    EXPECT_EQ(arrived.messages, 1u) << "connection " << i;
    EXPECT_EQ(arrived.wrong, 0u) << "connection " << i;
  }
  EXPECT_EQ(MbufPool::lost(), lost_before);
}

// Each try to build a frame meets several regions, and finds no mbuf for a long time.
TEST(DpdkExtbufFault, TryingAgainForMbufsHoldsEachRegionOnce) {
  REQUIRE_DPDK();
  constexpr std::size_t fields = 60, field_bytes = 100, regions = 8, apart_bytes = 64 << 10;
  std::vector<std::byte> memory(regions * apart_bytes);
  DpdkSessions pair("dpdk.extbuf", {.depth = 8, .options = {{"pool", "64"}}});
  auto& messages = pair.lent.emplace_back();
  for (std::size_t i = 0; i < 24; ++i) {
    Outgoing message{{}, 0, fields * field_bytes};
    for (std::size_t field = 0; field < fields; ++field) {
      message.segments.push_back({memory.data() + field % regions * apart_bytes + field * field_bytes, field_bytes});
      fill_payload({message.segments.back().data, field_bytes}, test::dpdk_seed, field * field_bytes);
    }
    messages.push_back(std::move(message));
  }
  std::size_t gone = DpdkFault::fill(pair, messages), received = 0;
  ASSERT_GT(pair.a.counter("pool_dry"), 0u);
  ASSERT_TRUE(pair.reap_until([&] {
    gone = pair.send_some(messages, gone);
    for (const Completion& completion : pair.b.seen) {
      if (completion.moments.has(Moment::received) && completion.last) ++received;
    }
    pair.b.seen.clear();
    return received == messages.size() || pair.a.count(Moment::closed) != 0;
  }));
  EXPECT_EQ(pair.a.count(Moment::closed), 0u) << pair.a.channel->failure().operation;
  EXPECT_EQ(received, messages.size());
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == messages.size(); }));
}

}  // namespace
}  // namespace xover
