// The io_uring transports over loopback: order, short sends, buffers that run dry, queues that overflow, memory that
// may not be locked, foreign memory. What every transport must do is in tests/conformance; here is what is io_uring's
// own.
#include <gtest/gtest.h>
#include <signal.h>

#include <string_view>

#include "core/payload.h"
#include "tests/unit/limited_locked_memory.h"
#include "tests/unit/session_pair.h"

namespace xover {
namespace {

using test::SessionPair;

constexpr std::uint64_t seed = 5;

#define REQUIRE_URING(id) \
  if (const auto why = test::why_not(id); !why.empty()) GTEST_SKIP() << why

// A stream from a to b: `count` ops of `size_bytes` each, sent from the arena as room comes, checked as they arrive.
struct Stream {
  Stream(SessionPair& on, std::size_t op_count, std::size_t op_bytes)
      : pair(on), count(op_count), size_bytes(op_bytes), segments(op_count), room(256 << 10) {
    memory = pair.a.session->arena(count * size_bytes).value().at(0).data;
    fill_payload({memory, count * size_bytes}, seed, 0);
    for (std::size_t i = 0; i < count; ++i) segments[i] = {memory + i * size_bytes, size_bytes};
  }

  void send() {
    while (sent < count) {
      const SendOp op{sent, {&segments[sent], 1}};
      if (pair.a.channel->submit({&op, 1}).accepted == 0) return;
      ++sent;
    }
  }
  void offer() {
    if (pair.b.session->limits().receive == Receive::loaned || offered) return;
    const RxBuffer buffer{1, room.data(), room.size()};
    offered = pair.b.channel->offer({&buffer, 1}) == 1;
  }
  // Looks at what b has reaped, and forgets it.
  void check() {
    for (const Completion& completion : pair.b.seen) {
      if (!completion.moments.has(Moment::received) || completion.bytes == 0) continue;
      const auto bytes = completion.lease ? std::span<const std::byte>(completion.lease.bytes())
                                          : std::span<const std::byte>(room).first(completion.bytes);
      EXPECT_FALSE(verify_payload(bytes, seed, received)) << "behind byte " << received;
      received += completion.bytes;
      if (!completion.lease) offered = false;
    }
    pair.b.seen.clear();
  }
  bool complete() const { return received == count * size_bytes && pair.a.count(Moment::released) == count; }
  [[nodiscard]] bool run() {
    return pair.reap_until([&] {
      send();
      offer();
      check();
      return complete();
    });
  }

  SessionPair& pair;
  std::size_t count, size_bytes;
  std::vector<Segment> segments;
  std::vector<std::byte> room;
  std::byte* memory = nullptr;
  std::size_t sent = 0, received = 0;
  bool offered = false;
};

class UringTest : public testing::TestWithParam<const char*> {
 protected:
  static bool asks_for_zero_copy() { return std::string_view(GetParam()).starts_with("uring.send_zc"); }
};

TEST_P(UringTest, ManyOpsInFlightThroughAFullSocketArriveInOrder) {
  REQUIRE_URING(GetParam());
  SessionPair pair(GetParam(), 64, {{"send_buffer", "32K"}, {"ops_per_enter", "16"}}, {{"receive_buffer", "32K"}});
  Stream stream(pair, 200, 50'001);
  // Nobody reads for a while, so that the socket is full and chains wait in it.
  for (int i = 0; i < 100; ++i) {
    stream.send();
    pair.a.reap();
  }
  EXPECT_LT(pair.a.count(Moment::released), 200u);
  EXPECT_TRUE(stream.run());
  EXPECT_FALSE(pair.a.channel->failure());
  const Ledger& ledger = pair.a.channel->ledger();
  EXPECT_TRUE(ledger.balanced());
  EXPECT_EQ(ledger.completed_bytes, 200u * 50'001u);
  if (asks_for_zero_copy()) {
    EXPECT_EQ(ledger[Handover::kernel_after_request], ledger.completed_bytes);
    EXPECT_EQ(pair.a.counter("notifications"), pair.a.counter("notifications_copied"));
  } else {
    EXPECT_EQ(ledger[Handover::kernel_by_design], ledger.completed_bytes);
  }
}

TEST_P(UringTest, AMultishotReceiverMovesAStreamAndStallsWhenItsBuffersRunDry) {
  REQUIRE_URING(GetParam());
  SessionPair pair(GetParam(), 8, {},
                   {{"receive", "multishot"}, {"provided_buffers", "4"}, {"provided_buffer_bytes", "4K"}});
  Stream stream(pair, 32, 10'000);
  // Leases are held until there is no buffer left.
  ASSERT_TRUE(pair.reap_until([&] {
    stream.send();
    return pair.b.counter("provided_buffer_stalls") != 0;
  }));
  EXPECT_EQ(pair.b.count(Moment::received), 4u);
  EXPECT_TRUE(stream.run());
  EXPECT_GT(pair.b.counter("multishot_rearms"), 0u);
  pair.a.channel->shutdown_send();
  EXPECT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::closed) == 1; }));
}

TEST_P(UringTest, ATinyCompletionQueueOverflowsAndLosesNothing) {
  REQUIRE_URING(GetParam());
  SessionPair pair(GetParam(), 32, {{"cq_entries", "2"}},
                   {{"cq_entries", "2"}, {"receive", "multishot"}, {"provided_buffer_bytes", "1K"}});
  Stream stream(pair, 400, 1000);
  EXPECT_TRUE(stream.run());
  EXPECT_GT(pair.a.counter("overflows") + pair.b.counter("overflows"), 0u);
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
}

TEST_P(UringTest, OneOpPerEnterIsObeyed) {
  REQUIRE_URING(GetParam());
  SessionPair pair(GetParam(), 16, {{"ops_per_enter", "1"}});
  Stream stream(pair, 16, 100);
  stream.send();
  const std::uint64_t before = pair.a.counter("sqes");
  pair.a.reap();
  EXPECT_LE(pair.a.counter("sqes") - before, 3u);  // the op, the next one made ready, the poll for the peer's end
  EXPECT_TRUE(stream.run());
  EXPECT_GE(pair.a.counter("enters"), 16u);
}

TEST_P(UringTest, AChainOfOpsTakesOneEnter) {
  REQUIRE_URING(GetParam());
  SessionPair pair(GetParam(), 16);
  Stream stream(pair, 16, 100);
  stream.send();
  EXPECT_EQ(pair.a.counter("enters"), 0u);
  pair.a.reap();
  EXPECT_EQ(pair.a.counter("enters"), 1u);
  EXPECT_EQ(pair.a.count(Moment::sent), 16u) << "the kernel has not worked off the chain in that call";
  EXPECT_GE(pair.a.counter("sqes"), 16u);
  EXPECT_TRUE(stream.run());
}

TEST_P(UringTest, PollingWithNothingToDoMakesNoSystemCalls) {
  REQUIRE_URING(GetParam());
  SessionPair pair(GetParam());
  Stream stream(pair, 1, 100);
  ASSERT_TRUE(stream.run());
  for (int i = 0; i < 100; ++i) pair.a.reap();
  const std::uint64_t before = pair.a.counter("enters");
  for (int i = 0; i < 1000; ++i) pair.a.reap();
  EXPECT_LE(pair.a.counter("enters") - before, 2u);
}

TEST_P(UringTest, APeerThatHasGoneIsTold) {
  REQUIRE_URING(GetParam());
  SessionPair pair(GetParam(), 8);
  Stream stream(pair, 8, 4 << 20);
  stream.send();
  pair.a.reap();
  pair.b.session.reset();
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }));
  EXPECT_EQ(pair.a.count(Moment::released), stream.sent);
  EXPECT_EQ(pair.a.first(Moment::closed)->failure.code, ErrorCode::peer_died);
  EXPECT_EQ(pair.a.channel->ledger()[Handover::zero_copied], 0u);
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
}

TEST_P(UringTest, TellsWhatWasGranted) {
  REQUIRE_URING(GetParam());
  SessionPair pair(GetParam(), 4, {{"congestion_control", "reno"}});
  std::vector<std::string> names;
  for (const Fact& fact : pair.a.session->facts()) {
    names.push_back(fact.name);
    EXPECT_FALSE(fact.value.empty()) << fact.name;
    if (fact.name == "congestion_control") {
      EXPECT_EQ(fact.value, "reno");
    }
    if (fact.name == "receive") {
      EXPECT_EQ(fact.value, "posted");
    }
  }
  for (const char* name : {"ring_setup", "sq_entries", "cq_entries", "registered_files", "registered_buffers"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, UringTest,
                         testing::Values("uring.send", "uring.write_fixed", "uring.send_zc", "uring.send_zc_fixed"),
                         [](const auto& path) { return std::string(path.param).substr(6); });

// A write takes what fits, and the rest of its chain is cancelled; sends wait for the whole in the kernel.
TEST(UringWriteFixedTest, ShortWritesGoOnWhereTheyStopped) {
  REQUIRE_URING("uring.write_fixed");
  SessionPair pair("uring.write_fixed", 16, {{"send_buffer", "16K"}}, {{"receive_buffer", "16K"}});
  Stream stream(pair, 20, 300'000);
  EXPECT_TRUE(stream.run());
  EXPECT_GT(pair.a.counter("short_sends"), 0u);
}

TEST(UringWriteFixedTest, ABrokenPipeKillsNobodyAndTheSignalMaskIsPutBack) {
  REQUIRE_URING("uring.write_fixed");
  sigset_t before, after, pending;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  const auto handler_before = signal(SIGPIPE, SIG_DFL);
  {
    SessionPair pair("uring.write_fixed", 8);
    Stream stream(pair, 8, 4 << 20);
    stream.send();
    pair.a.reap();
    pair.b.session.reset();
    EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }));
  }
  signal(SIGPIPE, handler_before);
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  sigpending(&pending);
  EXPECT_EQ(sigismember(&after, SIGPIPE), sigismember(&before, SIGPIPE));
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST(UringZerocopyTest, WithoutUsageReportsNobodyKnows) {
  REQUIRE_URING("uring.send_zc");
  SessionPair pair("uring.send_zc", 8, {{"report_usage", "off"}});
  Stream stream(pair, 8, 10'000);
  EXPECT_TRUE(stream.run());
  EXPECT_EQ(pair.a.channel->ledger()[Handover::unverified], 80'000u);
}

TEST(UringFixedTest, ForeignMemoryIsRegisteredOnceAndFoundAgain) {
  for (const char* id : {"uring.send_zc_fixed", "uring.write_fixed"}) {
    REQUIRE_URING(id);
    std::vector<std::byte> heap(1 << 20);
    SessionPair pair(id, 8);
    Stream stream(pair, 64, 10'000);
    fill_payload(heap, seed, 0);
    for (std::size_t i = 0; i < 64; ++i) stream.segments[i].data = heap.data() + i * 10'000;
    // Once over all of it, so that later ops lie within what is registered.
    EXPECT_TRUE(stream.run());
    EXPECT_EQ(pair.a.counter("registration_hits") + pair.a.counter("registration_misses"), 64u);
    EXPECT_GT(pair.a.counter("registration_misses"), 0u);
    EXPECT_GT(pair.a.counter("pinned_bytes"), 0u);
  }
}

TEST(UringFixedTest, ACacheThatIsTooSmallMakesTheChannelBusyAndNothingIsLost) {
  REQUIRE_URING("uring.send_zc_fixed");
  std::vector<std::byte> heap(4 << 20);
  SessionPair pair("uring.send_zc_fixed", 16, {{"cache_bytes", "128K"}, {"cache_regions", "2"}});
  Stream stream(pair, 100, 40'000);
  fill_payload(heap, seed, 0);
  for (std::size_t i = 0; i < 100; ++i) stream.segments[i].data = heap.data() + i * 40'000;
  EXPECT_TRUE(stream.run());
  EXPECT_GT(pair.a.counter("registration_evictions"), 0u);
  EXPECT_GT(pair.a.counter("busy"), 0u);
}

TEST(UringMemoryTest, AnArenaThatMayNotBeLockedIsRefusedWithARemedy) {
  REQUIRE_URING("uring.send_zc_fixed");
  test::LimitedLockedMemory memory;
  auto session = test::open_session("uring.send_zc_fixed", {});
  ASSERT_TRUE(session) << session.error().message();
  memory.limit_to(4 << 20);
  const auto refused = (*session)->arena(64 << 20);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::no_memory);
  EXPECT_NE(refused.error().context.find("RLIMIT_MEMLOCK"), std::string::npos);
  EXPECT_NE(refused.error().remedy.find("ulimit -l"), std::string::npos);
  EXPECT_TRUE((*session)->arena(1 << 20));
}

TEST(UringMemoryTest, ExhaustedLockedMemoryIsDrainedAndTriedAgain) {
  REQUIRE_URING("uring.send_zc");
  test::LimitedLockedMemory memory;
  SessionPair pair("uring.send_zc", 32, {}, {{"receive_buffer", "64K"}});
  memory.limit_to(1 << 20);
  Stream stream(pair, 64, 256 << 10);
  ASSERT_TRUE(pair.reap_until([&] {
    stream.send();
    return pair.a.counter("memory_stalls") != 0;
  }));
  EXPECT_TRUE(stream.run());
  EXPECT_FALSE(pair.a.channel->failure());
}

TEST(UringMemoryTest, LockedMemoryThatNeverComesFailsTheChannelAndSaysSo) {
  REQUIRE_URING("uring.send_zc");
  test::LimitedLockedMemory memory;
  SessionPair pair("uring.send_zc");
  memory.limit_to(64 << 10);
  std::vector<std::byte> heap(1 << 20);
  const Segment field{heap.data(), heap.size()};
  const SendOp op{1, {&field, 1}};
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  ASSERT_TRUE(pair.reap_until([&] {
    pair.a.session->waiter()->wait(monotonic_now_ns() + 100'000'000);
    return pair.a.count(Moment::closed) == 1;
  }));
  EXPECT_EQ(pair.a.channel->failure().code, ErrorCode::no_memory);
  EXPECT_NE(std::string_view(pair.a.channel->failure().operation).find("RLIMIT_MEMLOCK"), std::string_view::npos);
  EXPECT_EQ(pair.a.first(Moment::released)->failure.code, ErrorCode::no_memory);
}

TEST(UringSessionTest, ASessionMayEndOnAnotherThreadThanTheOneThatUsedIt) {
  REQUIRE_URING("uring.send_zc_fixed");
  SessionPair pair("uring.send_zc_fixed", 8, {{"send_buffer", "64K"}}, {{"receive_buffer", "64K"}});
  Stream stream(pair, 8, 4 << 20);
  std::thread using_it([&] {
    stream.send();
    stream.offer();
    pair.a.reap();
    pair.b.reap();
  });
  using_it.join();
  pair.a.session.reset();
  pair.b.session.reset();
}

TEST(UringSessionTest, RefusesALinkThatItDoesNotRunOn) {
  const auto session = test::open_session("uring.send", {}, 1, 1, {.name = "ring"});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::unsupported);
}

TEST(UringUdpTest, EveryDatagramIsWholeAndEmptyOnesHaveTheirLease) {
  REQUIRE_URING("uring.send_zc");
  const OptionText text{{"protocol", "udp"}, {"receive", "multishot"}};
  SessionPair pair("uring.send_zc", 4, text, text);
  std::byte bytes[3]{};
  for (const std::size_t size : {3, 0, 1, 0, 0, 2}) {
    const Segment field{bytes, size};
    const SendOp op{1, {&field, 1}};
    const std::size_t had = pair.b.count(Moment::received);
    ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
    ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::received) > had; }));
    EXPECT_EQ(pair.b.seen.back().bytes, size);
    EXPECT_TRUE(pair.b.seen.back().lease);
    ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == had + 1; }));
  }
}

}  // namespace
}  // namespace xover
