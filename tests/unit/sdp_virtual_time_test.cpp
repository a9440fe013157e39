// SDP where time stands still between events: what the protocol waits for comes although nothing is under way, and the
// account of a transfer has in it what the model charges.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "tests/unit/sdp_pair.h"

namespace xover {
namespace {

using test::SdpPair;

constexpr std::int64_t pages = 32;
constexpr std::size_t chunk = pages * 4096;

// One byte takes 2 ns to copy.
OptionText costs() {
  return {{"copy_mbps", "500"}, {"post_ns", "10"},   {"pin_ns", "7000"},     {"pin_page_ns", "300"},
          {"map_ns", "400"},    {"unpin_ns", "200"}, {"unpin_page_ns", "20"}};
}

// A session of one host, whose clock this thread has asked for.
std::unique_ptr<Session> open_end(std::string_view id, const OptionText& text, LinkRole role) {
  const Descriptor* row = find_transport(id);
  OpenParameters parameters;
  parameters.link = {.name = "simulated", .argument = {}, .options = costs()};
  parameters.role = role;
  parameters.options = Options::resolve(id, row->options, text).value();
  parameters.depth = 4;
  auto session = row->open(parameters).value();
  EXPECT_NE(session->clock(), nullptr);
  return session;
}

class SdpVirtualTime : public testing::Test {
 protected:
  void open(std::string_view id, const OptionText& text = {}) {
    pair.emplace([&] { return open_end(id, text, LinkRole::sender); },
                 [&] { return open_end(id, text, LinkRole::receiver); });
    clock = pair->a.session->clock();
    start_ns = clock->now_ns();
  }
  std::int64_t passed_ns() const { return clock->now_ns() - start_ns; }

  // Until the condition holds; false: nothing is under way before.
  template <typename Condition>
  [[nodiscard]] bool run_until(Condition condition) {
    bool alive = true;
    const bool in_time = pair->run_until([&] {
      if (condition()) return true;
      alive = clock->advance();
      return !alive;
    });
    return in_time && alive;
  }

  // `bytes` from the arena of one end to that of the other, as one op and one receive.
  void transfer(std::size_t bytes) {
    Segment from = pair->a.session->arena(bytes).value().front();
    const Segment to = pair->b.session->arena(bytes).value().front();
    from.size_bytes = bytes;
    const RxBuffer buffer{1, to.data, bytes};
    ASSERT_EQ(pair->b.channel->offer({&buffer, 1}), 1u);
    const SendOp op{1, {&from, 1}};
    ASSERT_EQ(pair->a.channel->submit({&op, 1}).accepted, 1u);
    const auto over = [&] { return pair->a.count(Moment::released) == 1 && pair->b.received_bytes() == bytes; };
    ASSERT_TRUE(reap_until(over));
  }

  template <typename Condition>
  [[nodiscard]] bool reap_until(Condition condition) {
    return pair->reap_both([&] { return condition() || !clock->advance(); }) && condition();
  }

  std::optional<SdpPair> pair;
  VirtualClock* clock = nullptr;
  MonotonicNs start_ns = 0;
};

TEST_F(SdpVirtualTime, AnAdvertThatNobodyReadsIsTakenBackAfterItsSecond) {
  open("sdp.read_zcopy");
  ASSERT_NE(pair->send(200'000), 0u);
  ASSERT_TRUE(run_until([&] { return pair->a.counter("unread_timeouts") == 1; }));
  EXPECT_GE(passed_ns(), 1'000'000'000);
  EXPECT_LT(passed_ns(), 1'001'000'000);
  ASSERT_TRUE(run_until([&] {
    pair->keep_offered(1, 50'000);
    return pair->arrived_bytes() == 200'000;
  }));
  EXPECT_TRUE(pair->intact());
}

TEST_F(SdpVirtualTime, AWriteIsHeldBackForAnAdvertNoLongerThanItsTime) {
  open("sdp.write_zcopy");
  ASSERT_NE(pair->send(200'000), 0u);
  ASSERT_TRUE(run_until([&] { return pair->a.counter("bcopy_bytes") != 0; }));
  EXPECT_GE(passed_ns(), 200'000);
  EXPECT_LT(passed_ns(), 300'000);
}

TEST_F(SdpVirtualTime, NothingIsUnderWayWhenAllHasArrived) {
  open("sdp.read_zcopy");
  ASSERT_NE(pair->send(200'000), 0u);
  ASSERT_TRUE(run_until([&] {
    pair->keep_offered(1, 300'000);
    return pair->arrived_bytes() == 200'000 && pair->a.count(Moment::released) == 1;
  }));
  EXPECT_FALSE(run_until([] { return false; }));
  EXPECT_LT(passed_ns(), 10'000'000) << "no time-out was waited for";
}

TEST_F(SdpVirtualTime, TheAccountShowsWhatRegistrationCosts) {
  open("sdp.read_zcopy", {{"registration", "none"}, {"chunk", "128K"}});
  transfer(chunk);
  for (const test::SessionEnd* end : {&pair->a, &pair->b}) {
    EXPECT_EQ(end->counter("account_register_ns"), 7000u + pages * 300 + 400);
    EXPECT_EQ(end->counter("account_deregister_ns"), 200u + pages * 20);
    EXPECT_EQ(end->counter("account_copy_ns"), 0u);
  }
  EXPECT_EQ(pair->b.counter("account_transfers"), 1u);
}

TEST_F(SdpVirtualTime, TheAccountShowsWhatCopiesCost) {
  open("sdp.bcopy", {{"stage", "32K"}});
  transfer(20'000);
  EXPECT_EQ(pair->a.counter("account_copy_ns"), 20'000u * 2 + 10) << "the post that takes the bytes is part of it";
  EXPECT_EQ(pair->b.counter("account_copy_ns"), 20'000u * 2);
  EXPECT_EQ(pair->a.counter("account_register_ns"), 0u);
}

}  // namespace
}  // namespace xover
