// The TCP transports over loopback: bytes arrive, tokens come back, ends are told, faults are survived. What every
// transport must do is in tests/conformance; here is what is TCP's own.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/transport.h"
#include "tests/unit/limited_locked_memory.h"
#include "tests/unit/session_pair.h"

namespace xover {
namespace {

using test::counter;
using test::open_session;
using test::pattern;
using test::second;
using test::SessionPair;
using test::soon;

SendOp op_of(Token token, std::span<const Segment> segments) { return {token, segments}; }

class TcpTest : public testing::TestWithParam<const char*> {};

TEST_P(TcpTest, EightFieldsArriveInOrderAndTheTokenIsReleasedOnce) {
  SessionPair pair(GetParam());
  auto bytes = pattern(8 * 1000);
  std::vector<Segment> fields;
  for (std::size_t i = 0; i < 8; ++i) fields.push_back({bytes.data() + i * 1000, 1000});
  const SendOp op = op_of(7, fields);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  std::vector<std::byte> into(bytes.size());
  std::size_t filled = 0;
  while (filled < into.size()) {
    const RxBuffer buffer{1, into.data() + filled, into.size() - filled};
    ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
    const std::size_t had = pair.b.count(Moment::received);
    ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::received) > had; }));
    filled = pair.b.received_bytes();
  }
  EXPECT_EQ(into, bytes);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 1; }));
  EXPECT_EQ(pair.a.count(Moment::sent), 1u);
  EXPECT_EQ(pair.a.first(Moment::released)->token, 7u);
  EXPECT_EQ(pair.a.first(Moment::released)->bytes, bytes.size());
  const Ledger& ledger = pair.a.channel->ledger();
  EXPECT_TRUE(ledger.balanced());
  EXPECT_EQ(ledger.completed_bytes, bytes.size());
  EXPECT_EQ(ledger.user_copied_bytes, std::string_view(GetParam()) == "tcp.send" ? bytes.size() : 0u);
  if (std::string_view(GetParam()) == "tcp.zerocopy") {
    EXPECT_EQ(ledger[Handover::kernel_after_request], bytes.size());
  } else {
    EXPECT_EQ(ledger[Handover::kernel_by_design], bytes.size());
  }
}

TEST_P(TcpTest, AnOpLargerThanTheSocketBufferGoesInPartsAndArrivesWhole) {
  SessionPair pair(GetParam());
  auto bytes = pattern(16 << 20);
  const Segment fields[2] = {{bytes.data(), 5'000'001}, {bytes.data() + 5'000'001, bytes.size() - 5'000'001}};
  const SendOp op = op_of(1, fields);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  const SendOp next = op_of(2, {fields, 1});
  EXPECT_EQ(pair.a.channel->submit({&next, 1}).stop, Stop::busy);
  std::vector<std::byte> into(bytes.size());
  std::size_t filled = 0;
  while (filled < into.size()) {
    const RxBuffer buffer{1, into.data() + filled, into.size() - filled};
    ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
    const std::size_t had = pair.b.count(Moment::received);
    ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::received) > had; }));
    filled = pair.b.received_bytes();
  }
  EXPECT_EQ(into, bytes);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 1; }));
  EXPECT_EQ(pair.a.first(Moment::released)->bytes, bytes.size());
  EXPECT_FALSE(pair.a.first(Moment::released)->failure);
  EXPECT_EQ(counter(*pair.a.session, "partial_sends"), 1u);
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
  EXPECT_EQ(pair.a.channel->ledger().completed_bytes, bytes.size());
}

TEST_P(TcpTest, AnEmptyOpCompletesAtOnce) {
  SessionPair pair(GetParam());
  const SendOp op = op_of(9, {});
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  pair.a.reap();
  ASSERT_EQ(pair.a.seen.size(), 1u);
  EXPECT_TRUE(pair.a.seen[0].moments == (Moment::sent | Moment::released));
  EXPECT_EQ(pair.a.seen[0].bytes, 0u);
}

TEST_P(TcpTest, DepthBoundsTheOpsThatWereNotReaped) {
  SessionPair pair(GetParam(), 2);
  std::byte byte{1};
  const Segment field{&byte, 1};
  const SendOp ops[3] = {{1, {&field, 1}}, {2, {&field, 1}}, {3, {&field, 1}}};
  const Submitted submitted = pair.a.channel->submit(ops);
  EXPECT_EQ(submitted.accepted, 2u);
  EXPECT_EQ(submitted.stop, Stop::busy);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 2; }));
  EXPECT_EQ(pair.a.channel->submit({ops + 2, 1}).accepted, 1u);
}

TEST_P(TcpTest, AnOrderlyEndReturnsBuffersWithoutFailureAndThenCloses) {
  SessionPair pair(GetParam());
  std::byte room[64];
  const RxBuffer buffer{5, room, sizeof room};
  ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
  pair.a.channel->shutdown_send();
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::closed) == 1; }));
  ASSERT_EQ(pair.b.seen.size(), 2u);
  EXPECT_EQ(pair.b.seen[0].token, 5u);
  EXPECT_EQ(pair.b.seen[0].bytes, 0u);
  EXPECT_FALSE(pair.b.seen[0].failure);
  EXPECT_FALSE(pair.b.seen[1].failure);
  EXPECT_EQ(pair.b.channel->offer({&buffer, 1}), 0u);
  const SendOp op = op_of(1, {});
  EXPECT_EQ(pair.a.channel->submit({&op, 1}).stop, Stop::failed);
  EXPECT_TRUE(pair.a.channel->failure());
}

TEST_P(TcpTest, AnEndIsToldEvenIfNoBufferIsOffered) {
  SessionPair pair(GetParam());
  pair.a.channel->shutdown_send();
  EXPECT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::closed) == 1; }));
}

TEST_P(TcpTest, AnAbortWithDataInFlightReleasesEveryTokenOnceAndReturnsEveryBuffer) {
  SessionPair pair(GetParam(), 8);
  auto bytes = pattern(16 << 20);
  const Segment field{bytes.data(), bytes.size()};
  const SendOp op = op_of(3, {&field, 1});
  std::byte room[64];
  const RxBuffer buffer{4, room, sizeof room};
  ASSERT_EQ(pair.a.channel->offer({&buffer, 1}), 1u);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  pair.a.channel->abort();
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }, abort_bound_ns));
  EXPECT_EQ(pair.a.count(Moment::released), 1u);
  EXPECT_EQ(pair.a.first(Moment::released)->failure.code, ErrorCode::aborted);
  EXPECT_LT(pair.a.first(Moment::released)->bytes, bytes.size());
  EXPECT_EQ(pair.a.count(Moment::received), 1u);
  EXPECT_TRUE(pair.a.seen.back().moments.has(Moment::closed));
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
  EXPECT_EQ(pair.a.channel->ledger()[Handover::zero_copied], 0u);
  EXPECT_EQ(pair.a.channel->submit({&op, 1}).stop, Stop::failed);
  // The peer learns it behind the bytes that had arrived.
  std::vector<std::byte> sink(1 << 20);
  const RxBuffer drain{1, sink.data(), sink.size()};
  EXPECT_TRUE(pair.reap_until([&] {
    pair.b.channel->offer({&drain, 1});
    return pair.b.channel->failure().code == ErrorCode::peer_died;
  }));
}

TEST_P(TcpTest, TokensComeBackWhenThePeerIsGone) {
  SessionPair pair(GetParam(), 8);
  auto bytes = pattern(16 << 20);
  const Segment field{bytes.data(), bytes.size()};
  const SendOp op = op_of(3, {&field, 1});
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  pair.b.session.reset();
  Completion none[1];
  const MonotonicNs deadline = soon();
  while (pair.a.count(Moment::closed) == 0 && monotonic_now_ns() < deadline) pair.a.reap();
  EXPECT_EQ(pair.a.count(Moment::released), 1u);
  EXPECT_EQ(pair.a.count(Moment::closed), 1u);
  EXPECT_EQ(pair.a.first(Moment::released)->failure.code, ErrorCode::peer_died);
  EXPECT_EQ(pair.a.session->reap(none), 0u);
  EXPECT_EQ(pair.a.channel->ledger()[Handover::zero_copied], 0u);
}

TEST_P(TcpTest, ABlockingReceiverAndSenderMoveAStream) {
  SessionPair pair(GetParam(), 2);
  auto bytes = pattern(1 << 20);
  constexpr std::size_t messages = 64;
  std::thread receiver([&] {
    std::vector<std::byte> room(256 << 10);
    const MonotonicNs deadline = soon();
    while (pair.b.received_bytes() < messages * bytes.size() && monotonic_now_ns() < deadline) {
      const RxBuffer buffer{1, room.data(), room.size()};
      if (pair.b.count(Moment::received) + 1 > pair.b.seen.size()) pair.b.channel->offer({&buffer, 1});
      pair.b.session->waiter()->wait(deadline);
      pair.b.reap();
    }
  });
  const Segment field{bytes.data(), bytes.size()};
  const MonotonicNs deadline = soon();
  for (std::size_t sent = 0; sent < messages && monotonic_now_ns() < deadline;) {
    const SendOp op = op_of(sent, {&field, 1});
    sent += pair.a.channel->submit({&op, 1}).accepted;
    pair.a.session->waiter()->wait(deadline);
    pair.a.reap();
  }
  receiver.join();
  EXPECT_EQ(pair.b.received_bytes(), messages * bytes.size());
}

TEST_P(TcpTest, AWaitWithNothingToDoEndsSoonAfterItsDeadline) {
  SessionPair pair(GetParam());
  std::byte room[64];
  const RxBuffer buffer{5, room, sizeof room};
  for (const bool offered : {false, true}) {
    if (offered) {
      ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
    }
    const MonotonicNs start = monotonic_now_ns();
    const MonotonicNs deadline = start + 5'000'000;
    while (monotonic_now_ns() < deadline) pair.b.session->waiter()->wait(deadline);
    EXPECT_LT(monotonic_now_ns() - deadline, 200'000'000);
  }
}

TEST_P(TcpTest, RunsOverIpv6) {
  const OptionText v6{{"ip", "6"}};
  SessionPair pair(GetParam(), 1, v6, v6);
  std::byte byte{42}, room{0};
  const Segment field{&byte, 1};
  const SendOp op = op_of(1, {&field, 1});
  const RxBuffer buffer{2, &room, 1};
  ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::received) == 1; }));
  EXPECT_EQ(room, byte);
}

INSTANTIATE_TEST_SUITE_P(Paths, TcpTest, testing::Values("tcp.send", "tcp.sendmsg", "tcp.zerocopy"),
                         [](const auto& path) { return std::string(path.param).substr(4); });

TEST(TcpZerocopyTest, ExhaustedLockedMemoryIsDrainedAndTriedAgain) {
  test::LimitedLockedMemory limited;
  limited.limit_to(1 << 20);
  constexpr std::size_t messages = 64;
  const OptionText small{{"receive_buffer", "64K"}};
  SessionPair pair("tcp.zerocopy", 32, small, small);
  auto bytes = pattern(256 << 10);
  const Segment field{bytes.data(), bytes.size()};
  std::size_t sent = 0;
  const MonotonicNs bound = soon();
  while (counter(*pair.a.session, "enobufs_stalls") == 0 && sent < messages && monotonic_now_ns() < bound) {
    const SendOp op = op_of(sent, {&field, 1});
    sent += pair.a.channel->submit({&op, 1}).accepted;
    pair.a.reap();
  }
  EXPECT_GT(counter(*pair.a.session, "enobufs_stalls"), 0u);
  std::vector<std::byte> room(1 << 20);
  const RxBuffer buffer{1, room.data(), room.size()};
  const MonotonicNs deadline = soon();
  while ((pair.a.count(Moment::released) < messages || pair.b.received_bytes() < messages * bytes.size()) &&
         monotonic_now_ns() < deadline) {
    const SendOp op = op_of(sent, {&field, 1});
    if (sent < messages) sent += pair.a.channel->submit({&op, 1}).accepted;
    pair.a.session->waiter()->wait(monotonic_now_ns() + 1'000'000);
    pair.a.reap();
    pair.b.channel->offer({&buffer, 1});
    pair.b.reap();
  }
  EXPECT_EQ(pair.a.count(Moment::released), messages);
  EXPECT_EQ(pair.b.received_bytes(), messages * bytes.size());
  EXPECT_FALSE(pair.a.channel->failure());
}

TEST(TcpZerocopyTest, LockedMemoryThatNeverComesFailsTheChannelAndSaysSo) {
  test::LimitedLockedMemory limited;
  limited.limit_to(64 << 10);
  SessionPair pair("tcp.zerocopy");
  auto bytes = pattern(1 << 20);
  const Segment field{bytes.data(), bytes.size()};
  const SendOp op = op_of(1, {&field, 1});
  const MonotonicNs deadline = soon();
  Submitted submitted;
  while ((submitted = pair.a.channel->submit({&op, 1})).stop == Stop::busy && monotonic_now_ns() < deadline) {
    const MonotonicNs before = monotonic_now_ns();
    pair.a.session->waiter()->wait(deadline);
    EXPECT_LT(monotonic_now_ns() - before, 500'000'000);
    pair.a.reap();
  }
  EXPECT_EQ(submitted.stop, Stop::failed);
  EXPECT_EQ(pair.a.channel->failure().code, ErrorCode::no_memory);
  EXPECT_NE(std::string_view(pair.a.channel->failure().operation).find("RLIMIT_MEMLOCK"), std::string_view::npos);
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }));
}

TEST(TcpSessionTest, TellsWhichCongestionControlIsInForce) {
  SessionPair pair("tcp.send", 1, {{"congestion_control", "reno"}});
  const auto facts = pair.a.session->facts();
  const auto fact =
      std::find_if(facts.begin(), facts.end(), [](const Fact& f) { return f.name == "congestion_control"; });
  ASSERT_NE(fact, facts.end());
  EXPECT_EQ(fact->value, "reno");
}

TEST(TcpSessionTest, RefusesALinkThatItDoesNotRunOn) {
  const auto session = open_session("tcp.send", {}, 1, 1, {.name = "ifb"});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::unsupported);
}

TEST(TcpSessionTest, SaysWhereNobodyListens) {
  std::string address;
  {
    auto listener = open_session("tcp.send").value();
    address = listener->listen().value();
  }
  auto session = open_session("tcp.send").value();
  const auto channel = session->connect(address, soon());
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code, ErrorCode::refused);
}

TEST(TcpSessionTest, AcceptGivesUpAtItsDeadline) {
  auto session = open_session("tcp.send").value();
  ASSERT_TRUE(session->listen());
  const auto channel = session->accept(monotonic_now_ns() + 10'000'000);
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code, ErrorCode::timed_out);
}

}  // namespace
}  // namespace xover
