// Ops that are taken back: before anything of them went, while the peer has them advertised or is reading, and behind.
// Whatever comes of it comes soon, and nothing stays registered.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/sdp_pair.h"

namespace xover {
namespace {

using test::SdpPair;

// On each link, with memory that is registered only while it is used.
class SdpCancel : public testing::TestWithParam<std::string> {
 protected:
  static test::SdpSetup setup(std::size_t depth = 4, OptionText options = {}) {
    options["registration"] = "none";
    return {.depth = depth, .options = std::move(options), .link = GetParam()};
  }
};

template <typename Condition>
[[nodiscard]] bool soon(SdpPair& pair, Condition condition) {
  return pair.run_until(condition, SdpPair::fault_bound_ns);
}

[[nodiscard]] bool released(SdpPair& pair, std::size_t count) {
  return soon(pair, [&] { return pair.a.count(Moment::released) == count; });
}

// Ends the stream behind what was not taken back; the receiver takes all that still comes.
[[nodiscard]] bool ended(SdpPair& pair) {
  pair.a.channel->shutdown_send();
  return soon(pair, [&] {
    if (pair.b.count(Moment::closed) == 0) pair.keep_offered(1, 1 << 20);
    return pair.b.count(Moment::closed) == 1;
  });
}

const Completion* release_of(const SdpPair& pair, Token token) {
  for (const Completion& completion : pair.a.seen) {
    if (completion.moments.has(Moment::released) && completion.token == token) return &completion;
  }
  return nullptr;
}

TEST_P(SdpCancel, AnAdvertThatWasNotReadComesBackWhole) {
  SdpPair pair("sdp.read_zcopy", setup());
  const Token token = pair.send(100'000);
  ASSERT_TRUE(soon(pair, [&] { return pair.b.counter("late_adverts") == 1; }));
  EXPECT_EQ(pair.a.count(Moment::sent), 1u);
  EXPECT_EQ(pair.a.count(Moment::released), 0u);
  ASSERT_TRUE(pair.a.channel->cancel()->cancel(token));
  ASSERT_TRUE(released(pair, 1));
  EXPECT_EQ(release_of(pair, token)->failure.code, ErrorCode::cancelled);
  EXPECT_LT(release_of(pair, token)->bytes, 100'000u) << "what a SrcAvail carries itself has gone";
  EXPECT_EQ(pair.a.counter("cancels"), 1u);
  EXPECT_EQ(pair.a.counter("adverts_cancelled"), 1u);
  pair.expect_nothing_registered();
}

TEST_P(SdpCancel, AnOpThatWaitsBehindOthersNeverArrives) {
  SdpPair pair("sdp.read_zcopy", setup(3));
  pair.send(300'000);
  const std::uint64_t first_bytes = pair.sent_bytes();
  const Token token = pair.send(300'000);
  ASSERT_TRUE(pair.a.channel->cancel()->cancel(token));
  EXPECT_FALSE(pair.a.channel->cancel()->cancel(token)) << "twice";
  ASSERT_TRUE(ended(pair));
  ASSERT_TRUE(released(pair, 2));
  EXPECT_EQ(release_of(pair, token)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(pair.arrived_bytes(), first_bytes + release_of(pair, token)->bytes);
  EXPECT_TRUE(pair.intact());
  pair.expect_nothing_registered();
}

TEST_P(SdpCancel, WhatWasPartlyReadSaysHowMuchWent) {
  SdpPair pair("sdp.read_zcopy", setup(4, {{"chunk", "64K"}}));
  const Token token = pair.send(1'000'000);
  pair.offer(200'000);
  ASSERT_TRUE(soon(pair, [&] { return pair.arrived_bytes() == 200'000; }));
  ASSERT_TRUE(pair.a.channel->cancel()->cancel(token));
  ASSERT_TRUE(released(pair, 1));
  ASSERT_TRUE(ended(pair));
  EXPECT_EQ(release_of(pair, token)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(release_of(pair, token)->bytes, pair.arrived_bytes());
  EXPECT_GE(pair.arrived_bytes(), 200'000u);
  EXPECT_LT(pair.arrived_bytes(), 1'000'000u);
  EXPECT_TRUE(pair.intact());
  pair.expect_nothing_registered();
}

// A read takes its time: on `simulated` by itself, on `local` where it takes several turns of its reader. The cancel
// comes between its post and its end.
TEST_P(SdpCancel, AReadThatIsUnderWayIsFinishedAndTheRestComesBack) {
  constexpr std::size_t op_bytes = 4'000'000;
  SdpPair pair("sdp.read_zcopy", setup(4, {{"chunk", "2M"}, {"adverts", "4"}}));
  const Token token = pair.send(op_bytes);
  pair.offer(2 << 20);
  ASSERT_TRUE(soon(pair, [&] { return pair.b.counter("rdma_reads") == 1; }));
  ASSERT_EQ(pair.b.counter("adverts_read"), 0u) << "the read has ended";
  ASSERT_EQ(pair.b.count(Moment::received), 0u);
  ASSERT_TRUE(pair.a.channel->cancel()->cancel(token));
  ASSERT_TRUE(released(pair, 1));
  ASSERT_TRUE(ended(pair));
  EXPECT_EQ(release_of(pair, token)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(release_of(pair, token)->bytes, pair.arrived_bytes());
  EXPECT_GT(pair.arrived_bytes(), 0u);
  EXPECT_LT(pair.arrived_bytes(), op_bytes);
  EXPECT_TRUE(pair.intact());
  pair.expect_nothing_registered();
}

TEST_P(SdpCancel, WhatHasGoneCannotBeTakenBack) {
  for (const char* id : {"sdp.bcopy", "sdp.read_zcopy", "sdp.write_zcopy"}) {
    SdpPair pair(id, id == std::string("sdp.bcopy") ? test::SdpSetup{.link = GetParam()} : setup());
    const Token token = pair.send(100'000);
    ASSERT_TRUE(pair.receive(100'000, 100'000)) << id;
    ASSERT_TRUE(released(pair, 1)) << id;
    EXPECT_FALSE(pair.a.channel->cancel()->cancel(token)) << id;
    EXPECT_FALSE(pair.a.channel->cancel()->cancel(4711)) << id;
    ASSERT_TRUE(ended(pair)) << id;
    pair.expect_nothing_registered();
  }
}

TEST_P(SdpCancel, BothEndsMayCancelAtOnce) {
  SdpPair pair("sdp.read_zcopy", setup(1));
  std::vector<std::byte> bytes(100'000);
  const Segment segment{bytes.data(), bytes.size()};
  const SendOp op{.token = 1, .segments = {&segment, 1}};
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  ASSERT_EQ(pair.b.channel->submit({&op, 1}).accepted, 1u);
  const bool a_back = pair.a.channel->cancel()->cancel(1), b_back = pair.b.channel->cancel()->cancel(1);
  EXPECT_TRUE(a_back && b_back);
  ASSERT_TRUE(soon(pair, [&] { return pair.a.count(Moment::released) == 1 && pair.b.count(Moment::released) == 1; }));
  EXPECT_EQ(pair.a.last(Moment::released)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(pair.b.last(Moment::released)->failure.code, ErrorCode::cancelled);
  pair.expect_nothing_registered();
}

INSTANTIATE_TEST_SUITE_P(Links, SdpCancel, testing::Values("local", "simulated"),
                         [](const auto& link) { return link.param; });

}  // namespace
}  // namespace xover
