// Ops that are taken back: before anything of them went, while the peer has them advertised, and behind.
#include <gtest/gtest.h>

#include "tests/unit/sdp_pair.h"

namespace xover {
namespace {

using test::SdpPair;

bool released(SdpPair& pair, std::size_t count) {
  return pair.run_until([&] { return pair.a.count(Moment::released) == count; });
}

const Completion* release_of(const SdpPair& pair, Token token) {
  for (const Completion& completion : pair.a.seen) {
    if (completion.moments.has(Moment::released) && completion.token == token) return &completion;
  }
  return nullptr;
}

TEST(SdpCancel, AnAdvertThatWasNotReadComesBackWhole) {
  SdpPair pair("sdp.read_zcopy");
  const Token token = pair.send(100'000);
  ASSERT_TRUE(pair.run_until([&] { return pair.b.counter("late_adverts") == 1; }));
  EXPECT_EQ(pair.a.count(Moment::sent), 1u);
  EXPECT_EQ(pair.a.count(Moment::released), 0u);
  ASSERT_TRUE(pair.a.channel->cancel()->cancel(token));
  ASSERT_TRUE(released(pair, 1));
  EXPECT_EQ(release_of(pair, token)->failure.code, ErrorCode::cancelled);
  EXPECT_LT(release_of(pair, token)->bytes, 100'000u) << "what a SrcAvail carries itself has gone";
  EXPECT_EQ(pair.a.counter("cancels"), 1u);
  EXPECT_EQ(pair.a.counter("adverts_cancelled"), 1u);
}

TEST(SdpCancel, AnOpThatWaitsBehindOthersNeverArrives) {
  SdpPair pair("sdp.read_zcopy", {.depth = 3});
  pair.send(300'000);
  const std::uint64_t first_bytes = pair.sent_bytes();
  const Token token = pair.send(300'000);
  ASSERT_TRUE(pair.a.channel->cancel()->cancel(token));
  EXPECT_FALSE(pair.a.channel->cancel()->cancel(token)) << "twice";
  pair.a.channel->shutdown_send();
  pair.offer(1 << 20);
  ASSERT_TRUE(pair.run_until([&] {
    if (pair.b.count(Moment::received) > 0 && pair.b.count(Moment::closed) == 0) pair.offer(1 << 20);
    return pair.b.count(Moment::closed) == 1;
  }));
  ASSERT_TRUE(released(pair, 2));
  EXPECT_EQ(release_of(pair, token)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(pair.arrived_bytes(), first_bytes + release_of(pair, token)->bytes);
  EXPECT_TRUE(pair.intact());
}

TEST(SdpCancel, WhatWasPartlyReadSaysHowMuchWent) {
  SdpPair pair("sdp.read_zcopy", {.options = {{"chunk", "64K"}}});
  const Token token = pair.send(1'000'000);
  pair.offer(200'000);
  ASSERT_TRUE(pair.run_until([&] { return pair.arrived_bytes() == 200'000; }));
  const bool taken_back = pair.a.channel->cancel()->cancel(token);
  ASSERT_TRUE(taken_back);
  pair.a.channel->shutdown_send();
  ASSERT_TRUE(pair.run_until([&] {
    if (pair.b.count(Moment::closed) == 0) pair.offer(1 << 20);
    return pair.b.count(Moment::closed) == 1;
  }));
  ASSERT_TRUE(released(pair, 1));
  EXPECT_EQ(release_of(pair, token)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(release_of(pair, token)->bytes, pair.arrived_bytes());
  EXPECT_GE(pair.arrived_bytes(), 200'000u);
  EXPECT_LT(pair.arrived_bytes(), 1'000'000u);
  EXPECT_TRUE(pair.intact());
}

// In the simulation a read takes its time: the cancel comes between its post and its end.
TEST(SdpCancel, AReadThatIsUnderWayIsFinishedAndTheRestComesBack) {
  SdpPair pair("sdp.read_zcopy", {.options = {{"chunk", "64K"}, {"adverts", "4"}}, .link = "simulated"});
  const Token token = pair.send(1'000'000);
  pair.offer(100'000);
  while (pair.b.counter("rdma_reads") == 0) pair.a.reap(), pair.b.reap();
  ASSERT_EQ(pair.b.count(Moment::received), 0u) << "the read has not ended";
  ASSERT_TRUE(pair.a.channel->cancel()->cancel(token));
  pair.a.channel->shutdown_send();
  ASSERT_TRUE(pair.run_until([&] {
    if (pair.b.count(Moment::closed) == 0) pair.keep_offered(1, 1 << 20);
    return pair.b.count(Moment::closed) == 1;
  }));
  ASSERT_TRUE(released(pair, 1));
  EXPECT_EQ(release_of(pair, token)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(release_of(pair, token)->bytes, pair.arrived_bytes());
  EXPECT_GT(pair.arrived_bytes(), 0u);
  EXPECT_LT(pair.arrived_bytes(), 1'000'000u);
  EXPECT_TRUE(pair.intact());
}

TEST(SdpCancel, WhatHasGoneCannotBeTakenBack) {
  for (const char* id : {"sdp.bcopy", "sdp.read_zcopy", "sdp.write_zcopy"}) {
    SdpPair pair(id);
    const Token token = pair.send(100'000);
    ASSERT_TRUE(pair.receive(100'000, 100'000)) << id;
    ASSERT_TRUE(released(pair, 1)) << id;
    EXPECT_FALSE(pair.a.channel->cancel()->cancel(token)) << id;
    EXPECT_FALSE(pair.a.channel->cancel()->cancel(4711)) << id;
  }
}

TEST(SdpCancel, BothEndsMayCancelAtOnce) {
  SdpPair pair("sdp.read_zcopy", {.depth = 1});
  std::vector<std::byte> bytes(100'000);
  const Segment segment{bytes.data(), bytes.size()};
  const SendOp op{.token = 1, .segments = {&segment, 1}};
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  ASSERT_EQ(pair.b.channel->submit({&op, 1}).accepted, 1u);
  const bool a_back = pair.a.channel->cancel()->cancel(1), b_back = pair.b.channel->cancel()->cancel(1);
  EXPECT_TRUE(a_back && b_back);
  ASSERT_TRUE(
      pair.reap_both([&] { return pair.a.count(Moment::released) == 1 && pair.b.count(Moment::released) == 1; }));
  EXPECT_EQ(pair.a.last(Moment::released)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(pair.b.last(Moment::released)->failure.code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace xover
