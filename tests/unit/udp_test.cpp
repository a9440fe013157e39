// The UDP transports over loopback: the handshake, datagrams whole, segmentation, refusals, a peer that has gone. What
// every transport must do is in tests/conformance; here is what is UDP's own.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/transport.h"
#include "tests/unit/session_pair.h"

namespace xover {
namespace {

using test::counter;
using test::open_session;
using test::soon;

struct Pair : test::SessionPair {
  explicit Pair(std::string_view id, const OptionText& text = {}) : SessionPair(id, 4, text, text) {}

  // Sends one datagram of two fields and receives it into a buffer of `room_bytes`.
  testing::AssertionResult exchange(std::size_t size_bytes, std::size_t room_bytes) {
    std::vector<std::byte> bytes(size_bytes + 1), into(room_bytes + 1);
    for (std::size_t i = 0; i < size_bytes; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 255);
    const Segment fields[2] = {{bytes.data(), size_bytes / 3},
                               {bytes.data() + size_bytes / 3, size_bytes - size_bytes / 3}};
    const SendOp op{1, fields};
    const RxBuffer buffer{2, into.data(), room_bytes};
    const std::size_t had = b.count(Moment::received), released = a.count(Moment::released);
    if (b.channel->offer({&buffer, 1}) != 1) return testing::AssertionFailure() << "offer";
    if (a.channel->submit({&op, 1}).accepted != 1) return testing::AssertionFailure() << "submit";
    if (!reap_until([&] { return b.count(Moment::received) > had && a.count(Moment::released) > released; })) {
      return testing::AssertionFailure() << "lost";
    }
    const std::size_t expected = std::min(size_bytes, room_bytes);
    if (b.last(Moment::received)->bytes != expected) return testing::AssertionFailure() << "wrong size";
    if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(expected), into.begin())) {
      return testing::AssertionFailure() << "wrong content";
    }
    return testing::AssertionSuccess();
  }
};

class UdpTest : public testing::TestWithParam<const char*> {};

TEST_P(UdpTest, DatagramsOfEverySizeArriveWhole) {
  Pair pair(GetParam());
  const std::size_t largest = pair.a.session->limits().max_op_bytes;
  EXPECT_EQ(largest, 65507u);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{24}, std::size_t{4097}, largest}) {
    EXPECT_TRUE(pair.exchange(size, largest)) << size;
    EXPECT_FALSE(pair.b.last(Moment::received)->failure);
  }
  const Ledger& ledger = pair.a.channel->ledger();
  EXPECT_TRUE(ledger.balanced());
  EXPECT_EQ(ledger.completed_bytes, 1 + 24 + 4097 + largest);
  const auto expected =
      std::string_view(GetParam()) == "udp.zerocopy" ? Handover::kernel_after_request : Handover::kernel_by_design;
  EXPECT_EQ(ledger[expected], ledger.completed_bytes);
}

TEST_P(UdpTest, TheLargestDatagramOfIpv6Arrives) {
  Pair pair(GetParam(), {{"ip", "6"}});
  const std::size_t largest = pair.a.session->limits().max_op_bytes;
  EXPECT_EQ(largest, 65527u);
  EXPECT_TRUE(pair.exchange(largest, largest));
}

TEST_P(UdpTest, ADatagramLongerThanItsBufferIsReported) {
  Pair pair(GetParam());
  EXPECT_TRUE(pair.exchange(1000, 100));
  EXPECT_TRUE(pair.b.last(Moment::received)->failure);
  EXPECT_TRUE(pair.exchange(100, 100));
  EXPECT_FALSE(pair.b.last(Moment::received)->failure);
}

TEST_P(UdpTest, AnOpIsCutIntoDatagramsWhereAsked) {
  Pair pair(GetParam(), {{"gso", "1000"}});
  EXPECT_FALSE(pair.a.session->limits().whole_messages);
  std::vector<std::byte> bytes(2500), into(4096);
  const Segment field{bytes.data(), bytes.size()};
  const SendOp op{1, {&field, 1}};
  const RxBuffer buffers[3] = {{1, into.data(), 1000}, {2, into.data() + 1000, 1000}, {3, into.data() + 2000, 1000}};
  ASSERT_EQ(pair.b.channel->offer(buffers), 3u);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::received) == 3; }));
  EXPECT_EQ(pair.b.last(Moment::received)->bytes, 500u);
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 1; }));
}

TEST_P(UdpTest, DatagramsAreJoinedAgainWhereAsked) {
  Pair pair(GetParam(), {{"gso", "1000"}, {"gro", "on"}});
  EXPECT_TRUE(pair.exchange(8000, 65507));
}

// The bound is what the kernel takes: UDP_MAX_SEGMENTS.
TEST_P(UdpTest, TheMostSegmentsThatLimitsPromiseGoThrough) {
  Pair pair(GetParam(), {{"gso", "100"}, {"gro", "on"}});
  EXPECT_EQ(pair.a.session->limits().max_op_bytes, 6400u);
  EXPECT_TRUE(pair.exchange(6400, 65507));
}

TEST_P(UdpTest, ARefusedDatagramIsReleasedWithAFailureAndTheChannelLives) {
  // A segment of this size and the headers of IPv6 are more than the loopback device's MTU.
  Pair pair(GetParam(), {{"ip", "6"}, {"gso", "65507"}});
  std::vector<std::byte> bytes(65520);
  const Segment field{bytes.data(), bytes.size()};
  const SendOp op{1, {&field, 1}};
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 1; }));
  EXPECT_TRUE(pair.a.last(Moment::released)->failure);
  EXPECT_EQ(pair.a.last(Moment::released)->bytes, 0u);
  // On lent pages the count of calls is still the kernel's.
  std::vector<Counter> counters = pair.a.session->counters();
  EXPECT_EQ(std::count_if(counters.begin(), counters.end(),
                          [](const Counter& c) { return c.name.starts_with("send_errors_") && c.value == 1; }),
            1);
}

TEST_P(UdpTest, AbortReleasesTokensAndReturnsBuffers) {
  Pair pair(GetParam());
  std::byte room[64];
  const RxBuffer buffer{5, room, sizeof room};
  const Segment field{room, sizeof room};
  const SendOp op{1, {&field, 1}};
  ASSERT_EQ(pair.a.channel->offer({&buffer, 1}), 1u);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  pair.a.channel->abort();
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }));
  EXPECT_EQ(pair.a.count(Moment::released), 1u);
  EXPECT_EQ(pair.a.count(Moment::received), 1u);
  EXPECT_TRUE(pair.a.seen.back().moments.has(Moment::closed));
}

TEST_P(UdpTest, APeerThatHasGoneEndsTheChannel) {
  Pair pair(GetParam());
  pair.b.session.reset();
  std::byte byte{1};
  const Segment field{&byte, 1};
  const SendOp op{1, {&field, 1}};
  ASSERT_TRUE(pair.reap_until([&] {
    pair.a.channel->submit({&op, 1});
    return pair.a.count(Moment::closed) == 1;
  }));
  EXPECT_EQ(pair.a.channel->failure().code, ErrorCode::peer_died);
}

TEST_P(UdpTest, RepeatedHellosMakeOneChannel) {
  auto listening = open_session(GetParam(), {}, 4, 2).value();
  auto connecting = open_session(GetParam()).value();
  const std::string address = listening->listen().value();
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(70));
    EXPECT_TRUE(listening->accept(soon()));
  });
  EXPECT_TRUE(connecting->connect(address, soon()));
  late.join();
  EXPECT_GE(counter(*connecting, "hello_retries"), 2u);
  EXPECT_FALSE(listening->accept(monotonic_now_ns() + 50'000'000));
}

TEST_P(UdpTest, ConnectSaysThatNobodyListens) {
  std::string address = open_session(GetParam()).value()->listen().value();
  auto session = open_session(GetParam()).value();
  const auto channel = session->connect(address, soon());
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code, ErrorCode::refused);
}

INSTANTIATE_TEST_SUITE_P(Paths, UdpTest, testing::Values("udp.send", "udp.zerocopy"),
                         [](const auto& path) { return std::string(path.param).substr(4); });

}  // namespace
}  // namespace xover
