// A connection of SDP as its caller sees it: every way, every size around the borders, and what the counters say of how
// the bytes went.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "tests/unit/sdp_pair.h"

namespace xover {
namespace {

using test::SdpPair;
using test::second;

using Parameters = std::tuple<std::string, std::string>;  // transport, link

class SdpSession : public testing::TestWithParam<Parameters> {
 protected:
  static std::string id() { return std::get<0>(GetParam()); }
  static std::string link() { return std::get<1>(GetParam()); }
  // Memory is registered only while it is used.
  static OptionText uncached() { return id() == "sdp.bcopy" ? OptionText() : OptionText{{"registration", "none"}}; }
};

std::string name_of(const testing::TestParamInfo<Parameters>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
  std::ranges::replace(name, '.', '_');
  return name;
}

TEST_P(SdpSession, OneByteGoesAcross) {
  SdpPair pair(id(), {.link = link()});
  ASSERT_NE(pair.send(1), 0u);
  ASSERT_TRUE(pair.receive(1, 100));
  EXPECT_TRUE(pair.intact());
  EXPECT_TRUE(pair.run_until([&] { return pair.a.count(Moment::released) == 1; }));
  EXPECT_EQ(pair.a.first(Moment::released)->bytes, 1u);
}

TEST_P(SdpSession, SizesAroundTheBordersArriveInOrder) {
  SdpPair pair(id(), {.depth = 4, .options = {{"stage", "4K"}}, .link = link()});
  const std::size_t sizes[] = {1, 15, 4095, 4096, 4097, 8192, 65536, 131072, 131073, 1'000'003};
  for (const std::size_t size : sizes) {
    ASSERT_NE(pair.send(size), 0u) << size;
    ASSERT_TRUE(pair.receive(pair.sent_bytes(), size == 1 ? 7 : 50'000)) << size;
    ASSERT_TRUE(pair.run_until([&] { return pair.a.count(Moment::released) == pair.a.count(Moment::sent); })) << size;
  }
  EXPECT_TRUE(pair.intact());
  EXPECT_EQ(pair.arrived_bytes(), pair.sent_bytes());
}

TEST_P(SdpSession, ManyMessagesAtOnceOfScatteredFieldsArriveInOrder) {
  SdpPair pair(id(), {.depth = 8, .link = link()});
  for (int i = 0; i < 8; ++i) ASSERT_NE(pair.send(300'000 + 1000 * static_cast<std::size_t>(i), 7), 0u);
  EXPECT_EQ(pair.send(1), 0u) << "beyond the depth";
  ASSERT_TRUE(pair.receive(pair.sent_bytes(), 128 << 10));
  ASSERT_TRUE(pair.run_until([&] { return pair.a.count(Moment::released) == 8; }));
  EXPECT_TRUE(pair.intact());
  const Ledger& ledger = pair.a.channel->ledger();
  EXPECT_TRUE(ledger.balanced());
  EXPECT_EQ(ledger.completed_bytes, pair.sent_bytes());
}

TEST_P(SdpSession, BytesGoTheWayThatTheTransportIsNamedFor) {
  SdpPair pair(id(), {.depth = 2, .link = link()});
  constexpr std::size_t size = 1 << 20;
  for (std::size_t i = 1; i <= 16; ++i) {
    // The receiver is first, so that a source that writes finds a buffer advertised.
    pair.keep_offered(4, size);
    for (int turn = 0; turn < 10; ++turn) pair.b.reap(), pair.a.reap();
    ASSERT_NE(pair.send(size), 0u);
    ASSERT_TRUE(pair.run_until([&] {
      pair.keep_offered(4, size);
      return pair.arrived_bytes() == pair.sent_bytes() && pair.a.count(Moment::released) == i;
    }));
  }
  const std::string own = id() == "sdp.bcopy"         ? "bcopy_bytes"
                          : id() == "sdp.write_zcopy" ? "write_zcopy_bytes"
                                                      : "read_zcopy_bytes";
  EXPECT_GE(pair.a.counter(own), 15 * size) << "of " << 16 * size;
  const std::uint64_t copied = pair.a.channel->ledger().user_copied_bytes;
  if (id() == "sdp.bcopy") {
    EXPECT_EQ(copied, 16 * size) << "one copy at this end";
    EXPECT_EQ(pair.b.channel->ledger().user_copied_bytes, 16 * size) << "and one at the other";
  } else {
    EXPECT_LE(copied, size);
  }
  EXPECT_TRUE(pair.intact());
}

TEST_P(SdpSession, BothEndsMaySendMoreThanFitsWithoutWaitingForEachOtherForEver) {
  SdpPair pair(id(), {.depth = 4, .options = {{"stage", "4K"}, {"receives", "5"}}, .link = link()});
  std::vector<std::byte> there(1 << 18), in_a(1 << 18), in_b(1 << 18);
  const Segment segment{there.data(), there.size()};
  for (Token token = 1; token <= 4; ++token) {
    const SendOp op{token, {&segment, 1}};
    ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
    ASSERT_EQ(pair.b.channel->submit({&op, 1}).accepted, 1u);
  }
  // Each end offers to receive only when all of what it sent is gone, or the other end has nothing else to wait for.
  for (int turn = 0; turn < 1000; ++turn) pair.a.reap(), pair.b.reap();
  const auto pump = [&](test::SessionEnd& end, std::vector<std::byte>& buffer, std::size_t& offered) {
    if (end.count(Moment::received) < offered) return;
    const RxBuffer given{offered, buffer.data(), buffer.size()};
    offered += end.channel->offer({&given, 1});
  };
  std::size_t offered_a = 0, offered_b = 0;
  ASSERT_TRUE(pair.reap_both([&] {
    pump(pair.a, in_a, offered_a);
    pump(pair.b, in_b, offered_b);
    return pair.a.received_bytes() == 1u << 20 && pair.b.received_bytes() == 1u << 20;
  }));
  ASSERT_TRUE(
      pair.reap_both([&] { return pair.a.count(Moment::released) == 4 && pair.b.count(Moment::released) == 4; }));
}

TEST_P(SdpSession, SeveralChannelsOfASessionKeepTheirBytesApart) {
  SdpPair pair(id(), {.depth = 2, .channels = 3, .link = link()});
  std::vector<std::vector<std::byte>> out, in;
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < 3; ++i) {
    out.emplace_back(200'000, static_cast<std::byte>(i + 1));
    in.emplace_back(200'000);
    segments.push_back({out[i].data(), out[i].size()});
  }
  for (std::size_t i = 0; i < 3; ++i) {
    const RxBuffer given{i, in[i].data(), in[i].size()};
    ASSERT_EQ(pair.b_channels[i]->offer({&given, 1}), 1u);
    const SendOp op{i, {&segments[i], 1}};
    ASSERT_EQ(pair.a_channels[i]->submit({&op, 1}).accepted, 1u);
  }
  ASSERT_TRUE(pair.reap_both([&] { return pair.b.count(Moment::received) >= 3; }));
  for (const Completion& completion : pair.b.seen) {
    ASSERT_EQ(completion.channel, completion.token);
    const auto got = std::span(in[completion.token]).first(completion.bytes);
    const auto wrong = std::ranges::find_if(got, [&](std::byte byte) { return byte != out[completion.token][0]; });
    EXPECT_EQ(wrong, got.end()) << "channel " << completion.channel << ", byte " << wrong - got.begin() << " of "
                                << completion.bytes << " is " << static_cast<int>(*wrong);
  }
}

TEST_P(SdpSession, AnEndInOrderIsSeenBehindTheData) {
  SdpPair pair(id(), {.link = link()});
  ASSERT_NE(pair.send(500'000), 0u);
  pair.a.channel->shutdown_send();
  ASSERT_TRUE(pair.receive(500'000, 64 << 10));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.count(Moment::closed) == 1; }));
  EXPECT_FALSE(pair.b.first(Moment::closed)->failure);
  EXPECT_TRUE(pair.intact());
}

TEST_P(SdpSession, AReceiverThatNeverReadsKeepsNothingForEver) {
  SdpPair pair(id(), {.depth = 8, .options = uncached(), .link = link()});
  std::size_t accepted = 0;
  while (pair.send(1 << 20) != 0) ++accepted;
  EXPECT_EQ(accepted, 8u);
  // For longer than an advert may lie unread: then its bytes go by copy, as far as there is room.
  EXPECT_FALSE(pair.run_until([&] { return pair.a.count(Moment::released) == 8; }, 1'500'000'000));
  pair.a.channel->abort();
  const MonotonicNs aborted = monotonic_now_ns();
  ASSERT_TRUE(pair.run_until([&] { return pair.a.count(Moment::closed) == 1; }, SdpPair::fault_bound_ns));
  EXPECT_LT(monotonic_now_ns() - aborted, abort_bound_ns);
  EXPECT_EQ(pair.a.count(Moment::released), 8u);
  EXPECT_EQ(pair.a.last(Moment::closed)->failure.code, ErrorCode::aborted);
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
  ASSERT_TRUE(pair.run_until([&] { return pair.b.count(Moment::closed) == 1; }, SdpPair::fault_bound_ns));
  EXPECT_EQ(pair.b.last(Moment::closed)->failure.code, ErrorCode::peer_died);
  pair.expect_nothing_registered();
}

TEST_P(SdpSession, APeerThatIsGoneGivesEverythingBack) {
  SdpPair pair(id(), {.depth = 4, .options = uncached(), .link = link()});
  for (int i = 0; i < 4; ++i) ASSERT_NE(pair.send(1 << 20), 0u);
  ASSERT_TRUE(pair.receive(100'000, 100'000));
  pair.b.session.reset();
  ASSERT_TRUE(pair.reap_both([&] { return pair.a.count(Moment::closed) == 1; }, SdpPair::fault_bound_ns));
  EXPECT_EQ(pair.a.count(Moment::released), 4u);
  EXPECT_EQ(pair.a.last(Moment::closed)->failure.code, ErrorCode::peer_died);
  EXPECT_EQ(pair.send(1), 0u);
  pair.expect_nothing_registered();
}

INSTANTIATE_TEST_SUITE_P(Ways, SdpSession,
                         testing::Combine(testing::Values("sdp.bcopy", "sdp.read_zcopy", "sdp.write_zcopy", "sdp.auto"),
                                          testing::Values("local", "simulated")),
                         name_of);

}  // namespace
}  // namespace xover
