// What the three ways of rdma.* promise beyond the contract: who copies, when memory comes back, what a lease held
// means, and that no receiver is ever not ready.
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "tests/unit/rdma_ends.h"

namespace xover::test {
namespace {

class RdmaTransfer : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (const auto why = find_transport(GetParam())->probe({.name = "local"}).cause; !why.empty()) GTEST_SKIP() << why;
  }
};

TEST_P(RdmaTransfer, MovesAMessageWithoutACopyByEitherProgram) {
  RdmaEnds ends(GetParam());
  const auto bytes = ends.arena(50'000);
  ASSERT_EQ(ends.send(1, bytes).accepted, 1u);
  ASSERT_TRUE(ends.reap_until([&] { return ends.a.count(Moment::released) == 1 && ends.b.received_bytes() != 0; }));
  const Completion* arrived = ends.b.first(Moment::received);
  ASSERT_EQ(arrived->lease.bytes().size(), bytes.size());
  EXPECT_FALSE(verify_payload(arrived->lease.bytes(), rdma_seed, 0));
  for (const SessionEnd* end : {&ends.a, &ends.b}) {
    EXPECT_EQ(end->channel->ledger()[Handover::driver], bytes.size());
    EXPECT_EQ(end->channel->ledger().user_copied_bytes, 0u);
  }
  EXPECT_EQ(ends.a.counter("registration_misses"), 0u) << "the arena is registered";
}

TEST_P(RdmaTransfer, RegistersForeignMemoryOnce) {
  RdmaEnds ends(GetParam());
  const auto bytes = ends.foreign(50'000);
  for (Token token = 1; token <= 3; ++token) {
    ASSERT_EQ(ends.send(token, bytes).accepted, 1u);
    ASSERT_TRUE(ends.reap_until([&] { return ends.a.count(Moment::released) == token; }));
  }
  EXPECT_EQ(ends.a.counter("registration_misses"), 1u);
  EXPECT_EQ(ends.a.counter("registration_hits"), 2u);
  EXPECT_EQ(ends.a_faults.live_regions, 1);
}

TEST_P(RdmaTransfer, WithPolicyNoneMemoryIsRegisteredForEachMessageAndNoLonger) {
  RdmaEnds ends(GetParam(), {.options = {{"registration", "none"}}});
  const auto bytes = ends.foreign(50'000);
  for (Token token = 1; token <= 3; ++token) {
    ASSERT_EQ(ends.send(token, bytes).accepted, 1u);
    ASSERT_TRUE(ends.reap_until([&] { return ends.a.count(Moment::released) == token; }));
    EXPECT_EQ(ends.a_faults.live_regions, 0);
  }
  EXPECT_EQ(ends.a_faults.regions.size(), 3u);
}

// One direction of a random traffic: sizes, fields, and leases that are held for a while and come back in any order.
struct RandomTraffic {
  static constexpr std::size_t messages = 2000;

  Channel* from = nullptr;
  std::span<std::byte> bytes;
  std::mt19937 random;
  std::deque<std::vector<Segment>> fields = {};
  std::vector<std::size_t> sizes = {};
  std::vector<Lease> held = {};
  std::size_t gone = 0, arrived = 0, released = 0, wrong = 0;

  void send() {
    for (; gone < messages; ++gone) {
      if (sizes.size() == gone) {
        sizes.push_back(random() % 3 == 0 ? random() % (bytes.size() + 1) : random() % 200);
        const std::size_t first = random() % (sizes.back() + 1);
        fields.push_back({{bytes.data(), first}, {bytes.data() + first, sizes.back() - first}});
      }
      const SendOp op{gone, fields[gone]};
      if (from->submit({&op, 1}).accepted == 0) return;
    }
  }
  void take(Completion& completion) {
    if (completion.moments.has(Moment::released)) ++released;
    if (!completion.moments.has(Moment::received)) return;
    if (completion.bytes != sizes[arrived] || verify_payload(completion.lease.bytes(), rdma_seed, 0)) ++wrong;
    held.push_back(std::move(completion.lease));
    ++arrived;
  }
  void give_some_back() {
    for (std::size_t count = random() % (held.size() + 1); count != 0; --count) {
      std::swap(held[random() % held.size()], held.back());
      held.pop_back();
    }
  }
  bool done() const { return arrived == messages && released == messages; }
};

// However leases come back, and however late, and whichever end is looked after: no word or message ever finds the peer
// without a posted receive, and what is held back only makes the sender wait. Also for windows that are no power of
// two, and rings that few messages fill.
TEST_P(RdmaTransfer, TheReceiverIsAlwaysReadyHoweverLeasesComeBack) {
  for (const int window : {4, 5, 7, 33}) {
    RdmaSetup setup{.depth = 64, .options = {{"window", std::to_string(window)}}};
    setup.options[GetParam() == "rdma.send" ? "buffer" : "ring"] = "64K";
    RdmaEnds ends(GetParam(), setup);
    const auto bytes = ends.arena(ends.a.session->limits().max_op_bytes);
    const Segment back = ends.b.session->arena(bytes.size()).value().at(0);
    std::mt19937 random(static_cast<unsigned>(window));
    RandomTraffic there{ends.a.channel, bytes, std::mt19937(1)};
    RandomTraffic return_way{ends.b.channel, RdmaEnds::filled({back.data, bytes.size()}), std::mt19937(2)};
    const auto look_after = [](SessionEnd& end, RandomTraffic& out, RandomTraffic& in) {
      end.reap();
      for (Completion& completion : end.seen) (completion.moments.has(Moment::received) ? in : out).take(completion);
      end.seen.clear();
      in.give_some_back();
      out.send();
    };
    const MonotonicNs bound = monotonic_now_ns() + 20 * second;
    while (!(there.done() && return_way.done()) && monotonic_now_ns() < bound) {
      const bool first = random() % 2 == 0;
      for (std::size_t times = random() % 20; times != 0; --times) {
        first ? look_after(ends.a, there, return_way) : look_after(ends.b, return_way, there);
      }
    }
    EXPECT_TRUE(there.done() && return_way.done())
        << there.arrived << " and " << return_way.arrived << " arrived with window " << window;
    EXPECT_EQ(there.wrong + return_way.wrong, 0u);
    for (const SessionEnd* end : {&ends.a, &ends.b}) EXPECT_EQ(end->counter("rnr_waits"), 0u) << "window " << window;
    EXPECT_EQ(ends.a.channel->ledger().completed_bytes, ends.b.channel->ledger().completed_bytes);
  }
}

// The bound that the posted receives of an end are counted by: it looks away with a full window arriving, while its
// peer takes messages one by one and gives each back by itself.
TEST_P(RdmaTransfer, AnEndThatLooksAwayIsNeverSentMoreThanItHasReceivesFor) {
  RdmaEnds ends(GetParam(), {.depth = 64, .options = {{"window", "32"}}});
  const auto bytes = ends.arena(100);
  const Segment back = ends.b.session->arena(100).value().at(0);
  std::size_t to_b = 0, to_a = 0;
  while (ends.send(to_b, bytes).accepted == 1) ++to_b;
  while (ends.send(to_a, {back.data, 100}, ends.b.channel).accepted == 1) ++to_a;
  EXPECT_EQ(to_b, 32u);
  EXPECT_EQ(to_a, 32u);
  std::deque<Completion> arrived;
  for (int turn = 0; turn < 200; ++turn) {
    Completion next;
    if (ends.b.session->reap({&next, 1}) == 1) arrived.push_back(std::move(next));
    if (turn > 100 && !arrived.empty()) arrived.pop_front();
  }
  EXPECT_EQ(ends.b.counter("messages_received"), 32u);
  EXPECT_GT(ends.b.counter("grants_sent"), 0u);
  EXPECT_EQ(ends.b.counter("rnr_waits"), 0u);
  EXPECT_TRUE(ends.reap_until([&] { return ends.a.count(Moment::received) == 32; }));
}

// After a window of messages the sender is busy, and goes on as soon as leases come back.
TEST_P(RdmaTransfer, AReceiverThatNeverReturnsLeasesMakesTheSenderBusyAndNothingElse) {
  RdmaEnds ends(GetParam(), {.depth = 200, .options = {{"window", "8"}}});
  const auto bytes = ends.arena(1000);
  std::size_t sent = 0;
  ASSERT_FALSE(ends.reap_until(
      [&] {
        if (ends.send(sent, bytes).accepted == 1) ++sent;
        return sent > 16;
      },
      second / 5));
  EXPECT_GE(ends.b.count(Moment::received), 8u);
  EXPECT_GT(ends.a.counter("credit_stalls"), 0u);
  EXPECT_EQ(ends.a.counter("rnr_waits"), 0u);
  const std::size_t stuck_at = sent;
  ends.b.seen.clear();  // with their leases
  EXPECT_TRUE(ends.reap_until([&] {
    if (ends.send(sent, bytes).accepted == 1) ++sent;
    ends.b.seen.clear();
    return sent == stuck_at + 50;
  }));
}

TEST_P(RdmaTransfer, AnOpThatFillsTheCacheIsRefusedByTheChannelInTheEndAndWaitsForOthersBefore) {
  RdmaEnds ends(GetParam(), {.options = {{"cache_regions", "1"}}});
  EXPECT_EQ(ends.a.session->limits().max_segments, 1u);
  const auto one = ends.foreign(9000), two = ends.foreign(9000);
  ASSERT_EQ(ends.send(1, one).accepted, 1u);
  std::size_t sent = 1;
  ASSERT_TRUE(ends.reap_until([&] {
    if (sent == 1 && ends.send(2, two).accepted == 1) ++sent;
    return ends.a.count(Moment::released) == 2;
  }));
  EXPECT_LE(ends.a_faults.live_regions, 1);
}

INSTANTIATE_TEST_SUITE_P(Ways, RdmaTransfer, testing::Values("rdma.send", "rdma.write", "rdma.read"),
                         [](const auto& way) { return way.param.substr(5); });

// --- what only one of them does

TEST(RdmaRead, MemoryComesBackWhenTheReceiverHasReadAndNotBefore) {
  RdmaEnds ends("rdma.read");
  const auto bytes = ends.arena(100'000);
  ASSERT_EQ(ends.send(1, bytes).accepted, 1u);
  for (int turn = 0; turn < 100; ++turn) ends.a.reap();
  EXPECT_EQ(ends.a.count(Moment::sent), 1u) << "it is published";
  EXPECT_EQ(ends.a.count(Moment::released), 0u);
  ASSERT_TRUE(ends.reap_until([&] { return ends.a.count(Moment::released) == 1; }));
  EXPECT_EQ(ends.b.received_bytes(), bytes.size());
}

TEST(RdmaRead, AcknowledgesInBatchesAndTheLastOneToo) {
  RdmaEnds ends("rdma.read", {.depth = 64});
  const auto bytes = ends.arena(100);
  for (Token token = 1; token <= 64; ++token) ASSERT_EQ(ends.send(token, bytes).accepted, 1u);
  ASSERT_TRUE(ends.reap_until([&] { return ends.a.count(Moment::released) == 64; }));
  EXPECT_LT(ends.b.counter("grants_sent"), 16u);
}

TEST(RdmaWrite, AMessageLiesInTheReceiversRing) {
  RdmaEnds ends("rdma.write", {.options = {{"ring", "64K"}}});
  EXPECT_EQ(ends.a.session->limits().max_op_bytes, 16384u);
  const auto bytes = ends.arena(1000);
  for (Token token = 1; token <= 2; ++token) ASSERT_EQ(ends.send(token, bytes).accepted, 1u);
  ASSERT_TRUE(ends.reap_until([&] { return ends.b.count(Moment::received) == 2; }));
  EXPECT_EQ(ends.b.last(Moment::received)->lease.bytes().data() - ends.b.first(Moment::received)->lease.bytes().data(),
            1024);
}

}  // namespace
}  // namespace xover::test
