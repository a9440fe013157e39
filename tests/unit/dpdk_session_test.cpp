// The DPDK transports on a ring within one process: sizes, fields, back-pressure, endings. What every transport must do
// is in tests/conformance; here is what is DPDK's own.
#include <gtest/gtest.h>

#include "tests/unit/dpdk_sessions.h"

namespace xover {
namespace {

using test::DpdkSessions;
using test::Outgoing;

class DpdkSession : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { REQUIRE_DPDK(); }
  static bool in_buffers() { return std::string_view(GetParam()) == "dpdk.mbuf"; }
};

TEST_P(DpdkSession, MessagesOfAllSizesArriveInOrder) {
  DpdkSessions pair(GetParam());
  const std::size_t payload = 1500 - 44;
  pair.transfer(pair.messages({0, 1, 2, 59, 60, 63, 64, 65, payload - 1, payload, payload + 1, 2 * payload, 4096, 65536,
                               1 << 20, (5 << 20) + 3, 0, 7}));
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
  EXPECT_TRUE(pair.b.channel->ledger().balanced());
}

TEST_P(DpdkSession, TheLargestMessageArrives) {
  DpdkSessions pair(GetParam());
  pair.transfer(pair.messages({pair.a.session->limits().max_op_bytes}));
}

TEST_P(DpdkSession, MessagesOfManyFieldsArrive) {
  DpdkSessions pair(GetParam());
  pair.transfer(pair.messages({5, 64, 640, 1456, 5000, 100'000}, 50));
}

TEST_P(DpdkSession, AFrameTakesAsManyWholeFieldsAsFit) {
  DpdkSessions pair(GetParam());
  auto& messages = pair.messages({1400}, 14);
  ASSERT_EQ(messages[0].segments.size(), 14u);
  pair.transfer(messages);
  EXPECT_EQ(pair.a.counter("frames_sent"), 1u);
}

TEST_P(DpdkSession, EmptyFieldsAndEmptyMessagesAreNothingSpecial) {
  DpdkSessions pair(GetParam());
  auto& messages = pair.messages({0, 100, 0});
  messages[0].segments = {{}, {}};
  messages[1].segments.insert(messages[1].segments.begin(), Segment{});
  messages[1].segments.push_back({});
  pair.transfer(messages);
}

TEST_P(DpdkSession, TheMtuDecidesHowMessagesAreCut) {
  for (const std::size_t mtu : {std::size_t{68}, std::size_t{300}, std::size_t{9000}, std::size_t{65000}}) {
    DpdkSessions pair(GetParam(), {.link = test::ring_link(mtu)});
    const std::size_t frames = (40'000 + mtu - 44 - 1) / (mtu - 44);
    pair.transfer(pair.messages({40'000}));
    EXPECT_EQ(pair.a.counter("frames_sent"), frames) << "mtu " << mtu;
  }
}

TEST_P(DpdkSession, ASlowReceiverLosesNothing) {
  DpdkSessions pair(GetParam(), {.depth = 64, .options = {{"credits", "16"}}});
  const auto& messages = pair.messages(std::vector<std::size_t>(200, 3000));
  DpdkSessions::Arrived arrived;
  std::size_t gone = 0;
  // Nothing is given back until the sender is stuck, again and again.
  ASSERT_TRUE(pair.reap_until([&] {
    for (int turn = 0; turn < 50; ++turn) {
      gone = pair.send_some(messages, gone);
      pair.a.reap();
      pair.b.reap();
    }
    EXPECT_LE(pair.b.count(Moment::received), 16u);
    DpdkSessions::take(pair.b, arrived);
    return arrived.messages == messages.size();
  }));
  EXPECT_EQ(arrived.wrong, 0u);
  EXPECT_GT(pair.a.counter("credit_stalls"), 0u);
  EXPECT_EQ(pair.b.counter("lost_frames"), 0u);
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == messages.size(); }));
}

TEST_P(DpdkSession, EveryBurstAndWindowWorks) {
  for (const char* burst : {"1", "3", "256"}) {
    for (const char* credits : {"8", "100", "1024"}) {
      DpdkSessions pair(GetParam(), {.depth = 16, .options = {{"burst", burst}, {"credits", credits}}});
      pair.transfer(pair.messages(std::vector<std::size_t>(100, 2000)));
    }
  }
}

TEST_P(DpdkSession, ASmallPoolIsABottleneckAndNoDeadlock) {
  DpdkSessions pair(GetParam(), {.depth = 64, .options = {{"pool", "64"}}});
  pair.transfer(pair.messages(std::vector<std::size_t>(100, 20'000), 20));
}

TEST_P(DpdkSession, LeasesMayGoBackInAnyOrder) {
  DpdkSessions pair(GetParam(), {.depth = 32});
  const auto& messages = pair.messages(std::vector<std::size_t>(32, 4000), 3);
  pair.send_some(messages, 0);
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.received_bytes() == 32u * 4000u; }));
  std::ranges::reverse(pair.b.seen);
  while (!pair.b.seen.empty()) {
    pair.b.seen.pop_back();
    if (!pair.b.seen.empty())
      pair.b.seen.erase(pair.b.seen.begin() + static_cast<std::ptrdiff_t>(pair.b.seen.size() / 2));
    pair.reap_until([] { return true; }) ? pair.a.reap() : 0;
  }
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 32; }));
}

TEST_P(DpdkSession, MemoryIsNotReleasedWhileTheReceiverReadsIt) {
  DpdkSessions pair(GetParam());
  const auto& messages = pair.messages({3000});
  pair.send_some(messages, 0);
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.received_bytes() == 3000; }));
  for (int turn = 0; turn < 1000; ++turn) pair.a.reap();
  // What was copied is free at once; what was lent is not.
  const std::size_t expected = std::string_view(GetParam()) == "dpdk.copy" ? 1 : 0;
  EXPECT_EQ(pair.a.count(Moment::released), expected);
  EXPECT_EQ(pair.a.count(Moment::sent), 1u);
  pair.b.seen.clear();
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 1; }));
}

TEST_P(DpdkSession, BothEndsSendOnSeveralChannels) {
  DpdkSessions pair(GetParam(), {.depth = 8, .channels = 4});
  std::vector<std::vector<Outgoing>> there;
  for (std::size_t i = 0; i < 4; ++i) there.push_back(pair.messages(std::vector<std::size_t>(20, 1000 * (i + 1))));
  std::vector<std::size_t> gone(4), messages(4);
  ASSERT_TRUE(pair.reap_until([&] {
    for (std::size_t i = 0; i < 4; ++i) gone[i] = pair.send_some(there[i], gone[i], pair.a_channels[i]);
    for (const Completion& completion : pair.b.seen) {
      if (completion.moments.has(Moment::received) && completion.last) ++messages[completion.channel];
    }
    pair.b.seen.clear();
    return std::ranges::all_of(messages, [](std::size_t count) { return count == 20; });
  }));
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 80; }));
}

TEST_P(DpdkSession, TheEndInOrderComesBehindAllData) {
  DpdkSessions pair(GetParam(), {.depth = 64});
  const auto& messages = pair.messages(std::vector<std::size_t>(50, 30'000));
  std::size_t gone = 0;
  DpdkSessions::Arrived arrived;
  ASSERT_TRUE(pair.reap_until([&] {
    gone = pair.send_some(messages, gone);
    if (gone == messages.size()) pair.a.channel->shutdown_send();
    DpdkSessions::take(pair.b, arrived);
    return pair.b.count(Moment::closed) == 1;
  }));
  EXPECT_EQ(arrived.messages, messages.size());
  EXPECT_FALSE(pair.b.first(Moment::closed)->failure);
  // The other direction goes on.
  const auto& back = pair.messages_of(*pair.b.session, {777});
  const SendOp op{1, back[0].segments};
  ASSERT_EQ(pair.b.channel->submit({&op, 1}).accepted, 1u);
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.received_bytes() == 777; }));
}

TEST_P(DpdkSession, TellsWhatItRunsOn) {
  DpdkSessions pair(GetParam());
  const auto facts = pair.a.session->facts();
  const auto fact = [&](std::string_view name) {
    const auto found = std::ranges::find(facts, name, &Fact::name);
    return found == facts.end() ? std::string("missing") : found->value;
  };
  EXPECT_EQ(fact("driver"), "net_ring");
  EXPECT_EQ(fact("mtu_bytes"), "1500");
  EXPECT_EQ(fact("payload_bytes"), "1456");
  EXPECT_EQ(fact("burst"), "32");
  EXPECT_EQ(fact("credits"), "512");
  EXPECT_NE(fact("memory"), "missing");
  EXPECT_TRUE(fact("wait").starts_with("spin only")) << fact("wait");
  EXPECT_EQ(pair.a.session->waiter(), nullptr);
  const Limits& limits = pair.a.session->limits();
  EXPECT_EQ(limits.framing, Framing::message);
  EXPECT_EQ(limits.receive, Receive::loaned);
  EXPECT_TRUE(limits.whole_messages);
  EXPECT_TRUE(limits.reliable);
  EXPECT_EQ(limits.buffer_bytes, in_buffers() ? 1456u : 0u);
  EXPECT_EQ(limits.foreign_memory, !in_buffers());
}

INSTANTIATE_TEST_SUITE_P(Ways, DpdkSession, testing::Values("dpdk.copy", "dpdk.mbuf", "dpdk.extbuf"),
                         [](const auto& way) { return std::string(way.param).substr(5); });

// A field that does not begin its buffer has its headers in an mbuf of their own, so that nothing before it is changed.
TEST(DpdkMbufSession, WhatStandsBeforeAFieldInItsBufferStays) {
  REQUIRE_DPDK();
  DpdkSessions pair("dpdk.mbuf");
  std::vector<Segment> memory = pair.a.session->arena(1).value();
  std::fill_n(memory[0].data, 200, std::byte{0x5A});
  fill_payload({memory[0].data + 200, 1000}, test::dpdk_seed, 0);
  const std::vector<Outgoing> messages{{{{memory[0].data + 200, 1000}}, 0, 1000}};
  pair.transfer(messages);
  EXPECT_TRUE(std::all_of(memory[0].data, memory[0].data + 200, [](std::byte b) { return b == std::byte{0x5A}; }));
}

TEST(DpdkExtbufSession, ForeignMemoryIsRegisteredOnceAndFoundAgain) {
  REQUIRE_DPDK();
  std::vector<std::byte> memory(3 << 20);
  fill_payload(memory, test::dpdk_seed, 0);
  DpdkSessions pair("dpdk.extbuf");
  std::vector<Outgoing> messages;
  for (std::size_t at = 0; at + 100'000 <= memory.size(); at += 100'000) {
    messages.push_back({{{memory.data() + at, 40'001}, {memory.data() + at + 40'001, 59'999}}, at, 100'000});
  }
  pair.transfer(messages);
  EXPECT_GT(pair.a.counter("registration_misses"), 0u);
  EXPECT_EQ(pair.a.counter("registered_regions"), pair.a.counter("registration_misses"));
  const std::uint64_t before = pair.a.counter("registration_misses");
  pair.transfer(messages);
  EXPECT_EQ(pair.a.counter("registration_misses"), before);
}

TEST(DpdkExtbufSession, TwoSessionsMaySendFromTheSamePages) {
  REQUIRE_DPDK();
  std::vector<std::byte> memory(64 << 10);
  fill_payload(memory, test::dpdk_seed, 0);
  const std::vector<Outgoing> message{{{{memory.data(), memory.size()}}, 0, memory.size()}};
  DpdkSessions first("dpdk.extbuf"), second("dpdk.extbuf");
  first.transfer(message);
  second.transfer(message);
  first.transfer(message);
}

}  // namespace
}  // namespace xover
