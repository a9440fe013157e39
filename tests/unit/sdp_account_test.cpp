// The account of a transfer: each phase that took place has time in it, the others have none, and what a phase must
// have taken at least is there.
#include <gtest/gtest.h>

#include <chrono>
#include <string_view>
#include <thread>

#include "tests/unit/sdp_pair.h"

namespace xover {
namespace {

using test::SdpPair;

constexpr std::size_t size = 1 << 20;

// Each message is received as soon as it is there, or late.
void transfer(SdpPair& pair, int messages, std::chrono::milliseconds late = {}) {
  for (int i = 0; i < messages; ++i) {
    ASSERT_NE(pair.send(size), 0u);
    for (int turn = 0; turn < 20; ++turn) pair.a.reap(), pair.b.reap();
    std::this_thread::sleep_for(late);
    ASSERT_TRUE(pair.receive(pair.sent_bytes(), size));
    const auto count = static_cast<std::size_t>(i + 1);
    ASSERT_TRUE(pair.run_until([&] { return pair.a.count(Moment::released) == count; }));
  }
}

TEST(SdpAccount, AReadHasItsPhasesAtBothEnds) {
  SdpPair pair("sdp.read_zcopy", {.options = {{"registration", "none"}}});
  transfer(pair, 4);
  EXPECT_GT(pair.a.counter("account_register_ns"), 0u);
  EXPECT_GT(pair.a.counter("account_deregister_ns"), 0u);
  EXPECT_GT(pair.a.counter("account_advert_round_trip_ns"), 0u);
  EXPECT_EQ(pair.a.counter("account_wire_ns"), 0u) << "the other end reads";
  EXPECT_GE(pair.a.counter("account_transfers"), 32u) << "chunks of 128 KiB";
  EXPECT_GT(pair.b.counter("account_register_ns"), 0u);
  EXPECT_GT(pair.b.counter("account_advert_wait_ns"), 0u);
  EXPECT_GT(pair.b.counter("account_wire_ns"), 0u);
  EXPECT_GT(pair.b.counter("account_completion_message_ns"), 0u);
  EXPECT_LE(pair.b.counter("account_wire_ns"), 8 * pair.a.counter("account_advert_round_trip_ns"));
}

TEST(SdpAccount, ALateReceiverShowsAsTheAdvertsWait) {
  SdpPair pair("sdp.read_zcopy");
  transfer(pair, 2, std::chrono::milliseconds(30));
  EXPECT_GE(pair.b.counter("account_advert_wait_ns"), 60'000'000u);
  EXPECT_GE(pair.a.counter("account_advert_round_trip_ns"), 60'000'000u);
}

TEST(SdpAccount, MemoryThatIsKnownIsLookedUp) {
  SdpPair pair("sdp.read_zcopy", {.options = {{"chunk", "1M"}}});
  std::vector<std::byte> from(size), to(size);
  const Segment segment{from.data(), from.size()};
  for (Token token = 0; token < 4; ++token) {
    const RxBuffer buffer{token, to.data(), to.size()};
    ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
    const SendOp op{token, {&segment, 1}};
    ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
    ASSERT_TRUE(pair.reap_both([&] { return pair.a.count(Moment::released) == token + 1; }));
    while (pair.b.received_bytes() < (token + 1) * size) {
      const RxBuffer rest{100 + token, to.data(), to.size()};
      pair.b.channel->offer({&rest, 1});
      ASSERT_TRUE(pair.reap_both([&, had = pair.b.received_bytes()] { return pair.b.received_bytes() > had; }));
    }
  }
  EXPECT_GT(pair.a.counter("account_lookup_ns"), 0u);
  EXPECT_GE(pair.a.counter("registration_hits"), 3u);
}

TEST(SdpAccount, ACopyIsTimedWhereItIsMade) {
  SdpPair pair("sdp.bcopy");
  transfer(pair, 4);
  EXPECT_GT(pair.a.counter("account_copy_ns"), 0u);
  EXPECT_GT(pair.b.counter("account_copy_ns"), 0u);
  EXPECT_EQ(pair.a.counter("account_register_ns"), 0u);
  EXPECT_EQ(pair.a.counter("account_advert_round_trip_ns"), 0u);
  EXPECT_EQ(pair.a.counter("bcopy_bytes"), 4 * size);
}

// The paper's section 2.5: a receive that is registered when it is offered, and then is filled by a copy.
TEST(SdpAccount, APinThatWasForNothingIsCountedAndDelayedRegistrationAvoidsIt) {
  for (const bool delayed : {false, true}) {
    SdpPair pair("sdp.read_zcopy",
                 {.options = {{"threshold", "64K"}, {"delayed_registration", delayed ? "on" : "off"}}});
    for (std::uint64_t i = 1; i <= 3; ++i) {
      pair.keep_offered(1, 100'000);
      for (int turn = 0; turn < 10; ++turn) pair.b.reap();
      ASSERT_NE(pair.send(1000), 0u);
      ASSERT_TRUE(pair.run_until([&] { return pair.arrived_bytes() == i * 1000; }));
    }
    EXPECT_EQ(pair.b.counter("wasted_pins"), delayed ? 0u : 3u);
    EXPECT_EQ(pair.b.counter("account_register_ns") == 0, delayed);
    EXPECT_EQ(pair.a.counter("bcopy_because_below_threshold"), 3u);
  }
}

TEST(SdpAccount, SwitchedOffItSaysNothing) {
  SdpPair pair("sdp.read_zcopy", {.options = {{"account", "off"}}});
  transfer(pair, 1);
  for (const Counter& counter : pair.b.session->counters()) EXPECT_FALSE(counter.name.starts_with("account_"));
}

}  // namespace
}  // namespace xover
