// Endings of rdma.*: what had arrived is handed out, what had not is said, and nothing stays registered.
#include <gtest/gtest.h>

#include "tests/unit/rdma_ends.h"
#include "transports/rdma/rdma_hello.h"

namespace xover::test {
namespace {

class RdmaEnd : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (const auto why = find_transport(GetParam())->probe({.name = "local"}).cause; !why.empty()) GTEST_SKIP() << why;
  }
};

// The sender is gone before the receiver looks for the first time after the last message.
TEST_P(RdmaEnd, WhatWasSentBeforeAnEndInOrderIsHandedOutAlthoughTheSenderIsGone) {
  RdmaEnds ends(GetParam());
  const auto bytes = ends.foreign(10'000);
  for (Token token = 1; token <= 5; ++token) ASSERT_EQ(ends.send(token, bytes).accepted, 1u);
  const bool read = GetParam() == "rdma.read";  // nobody else may end while its memory is to be read
  ASSERT_TRUE(ends.reap_until([&] { return !read || ends.a.count(Moment::released) == 5; }));
  ends.a.channel->shutdown_send();
  for (int turn = 0; turn < 1000 && ends.a.count(Moment::released) != 5; ++turn) ends.a.reap();
  ASSERT_EQ(ends.a.count(Moment::released), 5u);
  ends.a.session.reset();
  ASSERT_TRUE(ends.reap_until([&] { return ends.b.count(Moment::closed) == 1; }));
  EXPECT_EQ(ends.b.received_bytes(), 50'000u);
  EXPECT_FALSE(ends.b.first(Moment::closed)->failure);
  // And whoever sends there now is told.
  const auto answer = ends.b.session->arena(100).value().at(0);
  const SendOp op{9, {&answer, 1}};
  ASSERT_TRUE(ends.reap_until([&] { return ends.b.channel->submit({&op, 1}).stop == Stop::failed; }));
  EXPECT_EQ(ends.b.channel->failure().code, ErrorCode::peer_died);
}

TEST_P(RdmaEnd, ASessionThatEndsInTheMiddleIsAFailureToItsPeer) {
  RdmaEnds ends(GetParam());
  const auto bytes = ends.foreign(10'000);
  ASSERT_EQ(ends.send(1, bytes).accepted, 1u);
  ends.a.session.reset();
  ASSERT_TRUE(ends.reap_until([&] { return ends.b.count(Moment::closed) == 1; }));
  EXPECT_TRUE(ends.b.first(Moment::closed)->failure);
  EXPECT_EQ(ends.b.channel->failure().code, ErrorCode::peer_died);
}

TEST_P(RdmaEnd, AbortReleasesWhatIsUnderWayAndThePeerSeesAReset) {
  RdmaEnds ends(GetParam());
  const auto bytes = ends.foreign(10'000);
  for (Token token = 1; token <= 5; ++token) ASSERT_EQ(ends.send(token, bytes).accepted, 1u);
  ends.a.channel->abort();
  ASSERT_TRUE(ends.reap_until([&] { return ends.a.count(Moment::closed) == 1 && ends.b.count(Moment::closed) == 1; }));
  EXPECT_EQ(ends.a.count(Moment::released), 5u);
  EXPECT_EQ(ends.a.last(Moment::closed)->failure.code, ErrorCode::aborted);
  EXPECT_TRUE(ends.b.last(Moment::closed)->failure);
  EXPECT_TRUE(ends.a.channel->ledger().balanced());
}

// On a link with a clock time goes on by itself as long as nobody has asked for it, whoever else ends there.
TEST_P(RdmaEnd, TakesOverNoClockThatNobodyAskedFor) {
  OpenParameters parameters;
  parameters.link = {.name = "simulated"};
  const Link& link = parameters.link;
  const auto onlooker = open_fabric(parameters, {}).value();
  SessionEnd a{open_session(GetParam(), {}, 4, 1, link).value()}, b{open_session(GetParam(), {}, 4, 1, link).value()};
  const std::string address = b.session->listen().value();
  std::thread accepting([&] { b.channel = b.session->accept(soon()).value(); });
  a.channel = a.session->connect(address, soon()).value();
  accepting.join();
  a.channel->shutdown_send();
  a.session.reset();
  SessionEnd nobody;
  ASSERT_TRUE(reap_both_until(nobody, b, [&] { return b.count(Moment::closed) == 1; }, 5 * second));
  EXPECT_FALSE(b.first(Moment::closed)->failure);
  const MonotonicNs then = onlooker->now() + 1'000'000;
  EXPECT_TRUE(reap_both_until(nobody, b, [&] { return onlooker->now() > then; }, 5 * second));
}

// Leases stay valid after the channel they came over has ended.
TEST_P(RdmaEnd, LeasesOutliveTheirChannel) {
  RdmaEnds ends(GetParam());
  const auto bytes = ends.arena(10'000);
  ASSERT_EQ(ends.send(1, bytes).accepted, 1u);
  ASSERT_TRUE(
      ends.reap_until([&] { return ends.b.count(Moment::received) == 1 && ends.a.count(Moment::released) == 1; }));
  ends.a.channel->abort();
  ASSERT_TRUE(ends.reap_until([&] { return ends.b.count(Moment::closed) == 1; }));
  EXPECT_FALSE(verify_payload(ends.b.first(Moment::received)->lease.bytes(), rdma_seed, 0));
}

TEST_P(RdmaEnd, EndsThatWereOpenedDifferentlyRefuseEachOther) {
  FabricFaults none;
  auto listening = open_faulty(GetParam(), none, {.options = {{"window", "16"}}}).value();
  auto connecting = open_faulty(GetParam(), none, {.options = {{"window", "32"}}}).value();
  const std::string address = listening->listen().value();
  Result<Channel*> accepted = nullptr;
  std::thread accepting([&] { accepted = listening->accept(soon()); });
  const auto connected = connecting->connect(address, soon());
  accepting.join();
  EXPECT_FALSE(accepted);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::refused);
  EXPECT_NE(connected.error().message().find("window"), std::string::npos) << connected.error().message();
}

INSTANTIATE_TEST_SUITE_P(Ways, RdmaEnd, testing::Values("rdma.send", "rdma.write", "rdma.read"),
                         [](const auto& way) { return way.param.substr(5); });

// Messages whose reads have been made, but not been heard of, when the channel is aborted: nothing of them is handed
// out, and the end is told all the same.
TEST(RdmaRead, AnAbortBetweenAReadAndItsResultIsTheEnd) {
  RdmaEnds ends("rdma.read");
  const auto bytes = ends.foreign(10'000);
  for (Token token = 1; token <= 3; ++token) ASSERT_EQ(ends.send(token, bytes).accepted, 1u);
  ends.a.channel->shutdown_send();
  ends.b.reap();
  ASSERT_GT(ends.b.counter("one_sided_operations"), 0u);
  ASSERT_EQ(ends.b.counter("messages_received"), 0u);
  ends.b.channel->abort();
  ASSERT_TRUE(ends.reap_until([&] { return ends.b.count(Moment::closed) == 1 && ends.a.count(Moment::closed) == 1; }));
  EXPECT_EQ(ends.b.count(Moment::received), 0u);
  EXPECT_EQ(ends.b.last(Moment::closed)->failure.code, ErrorCode::aborted);
  EXPECT_EQ(ends.a.count(Moment::released), 3u);
}

TEST(RdmaHello, IsReadAsItWasWrittenAndNothingElseIs) {
  const RdmaSettings own{.way = RdmaWay::write, .window = 64, .ring_bytes = 4096, .max_op_bytes = 1024};
  const RdmaHello said{RdmaWay::write, 64, 1024, 0x123456789abc, 4096, 77};
  Hello bytes = packed(said);
  bytes.resize(56);  // a fabric may pad it
  const auto heard = parse_hello(bytes, own);
  ASSERT_TRUE(heard) << heard.error().message();
  EXPECT_EQ(heard->ring_address, said.ring_address);
  EXPECT_EQ(heard->ring_key, said.ring_key);
  for (std::size_t i = 0; i < 12; ++i) {
    Hello wrong = bytes;
    wrong[i] ^= std::byte{0x80};
    EXPECT_FALSE(parse_hello(wrong, own)) << "byte " << i;
  }
  EXPECT_FALSE(parse_hello({}, own));
  EXPECT_FALSE(parse_hello(Hello(39), own));
  // Of messages that a fabric bounds, the ring alone may differ.
  const auto refused =
      parse_hello(bytes, {.way = RdmaWay::write, .window = 64, .ring_bytes = 8192, .max_op_bytes = 1024});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("a ring of 4096, this end"), std::string::npos) << refused.error().message();
}

TEST(RdmaWords, ACountIsWholeAgainBehindItsLowBits) {
  constexpr std::uint64_t wrapped = (std::uint64_t{5} << 30) - 3;
  EXPECT_EQ(word_of(immediate_of(Word::grant, wrapped)), Word::grant);
  EXPECT_EQ(count_from(wrapped, immediate_of(Word::grant, wrapped)), wrapped);
  EXPECT_EQ(count_from(wrapped, immediate_of(Word::end, wrapped + 10)), wrapped + 10);
}

}  // namespace
}  // namespace xover::test
