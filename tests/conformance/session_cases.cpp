// The control plane: limits, memory, addresses, and the errors that a caller can rely on.
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "tests/conformance/conformance.h"

namespace xover::conformance {

namespace {

constexpr MonotonicNs millisecond = 1'000'000;

}  // namespace

TEST_P(Conformance, LimitsMakeSense) {
  auto session = open_alone(3, 5);
  ASSERT_TRUE(session) << session.error().message();
  const Limits& limits = (*session)->limits();
  EXPECT_GE(limits.max_channels, 3u);
  EXPECT_GE(limits.depth, 1u);
  EXPECT_LE(limits.depth, 5u);
  EXPECT_GE(limits.max_op_bytes, 1u);
  EXPECT_GE(limits.max_segments, 1u);
  EXPECT_GE(limits.alignment_bytes, 1u);
  EXPECT_EQ(limits.max_offered > 0, limits.receive == Receive::offered);
  EXPECT_FALSE(limits.framing == Framing::stream && limits.whole_messages);
}

TEST_P(Conformance, ArenaMemoryIsAlignedWritableAndKeptApart) {
  auto session = open_alone(1, 4);
  ASSERT_TRUE(session) << session.error().message();
  constexpr std::uintptr_t cache_line_bytes = 64;
  const auto page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t aligned = limits().buffer_bytes != 0 ? cache_line_bytes : page_bytes;
  std::vector<Segment> all;
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{1'000'001}}) {
    const auto memory = (*session)->arena(size);
    ASSERT_TRUE(memory) << memory.error().message();
    std::size_t total = 0;
    for (const Segment& segment : *memory) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(segment.data) % aligned, 0u);
      EXPECT_TRUE(limits().buffer_bytes == 0 || segment.size_bytes == limits().buffer_bytes) << segment.size_bytes;
      total += segment.size_bytes;
      std::fill_n(segment.data, segment.size_bytes, std::byte{static_cast<unsigned char>(all.size())});
      all.push_back(segment);
    }
    EXPECT_GE(total, size);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::byte own{static_cast<unsigned char>(i)};
    EXPECT_TRUE(std::all_of(all[i].data, all[i].data + all[i].size_bytes, [&](std::byte b) { return b == own; }))
        << "two arenas overlap";
  }
}

TEST_P(Conformance, SendsFromMemoryThatIsNotItsOwn) {
  if (!limits().foreign_memory) GTEST_SKIP() << subject().text() << " sends from arena() only";
  Flow flow(Script(50, within_limits({1, 4097, 65507, 65536, 1'000'001})), limits());
  std::vector<std::byte> heap(flow.script().total_bytes() + 1);
  run_pair(
      subject(), {}, [&](Side& side) { flow.send(side, messages_in(std::span(heap).subspan(1), flow.script())); },
      [&](Side& side) {
        flow.offer(side);
        flow.receive_all(side);
      });
}

TEST_P(Conformance, AcceptGivesUpAtItsDeadline) {
  REQUIRE_RECEIVER();
  run_alone(subject(), {}, [](Side& side) {
    side.listen();
    const MonotonicNs start = monotonic_now_ns();
    const auto nobody = side.session().accept(start + 50 * millisecond);
    if (nobody) side.fail("accept returned a channel that nobody connected");
    EXPECT_EQ(nobody.error().code, ErrorCode::timed_out) << nobody.error().message();
    EXPECT_LT(monotonic_now_ns() - start, 2'000 * millisecond);
    EXPECT_GE(monotonic_now_ns() - start, 45 * millisecond);
  });
}

TEST_P(Conformance, ConnectToNobodyFailsWithAReason) {
  REQUIRE_RECEIVER();
  REQUIRE_RELIABLE();
  std::string address;
  run_alone(subject(), {}, [&](Side& side) { address = side.listen(); });
  run_alone(subject(), {}, [&](Side& side) {
    const auto channel = side.session().connect(address, monotonic_now_ns() + 1'000 * millisecond);
    if (channel) side.fail("connected to " + address + ", where nobody listens");
    EXPECT_FALSE(channel.error().operation.empty());
    EXPECT_FALSE(channel.error().context.empty());
  });
}

TEST_P(Conformance, ConnectRefusesAnAddressThatIsNone) {
  REQUIRE_RECEIVER();
  run_alone(subject(), {}, [](Side& side) {
    for (const char* address : {"", "nonsense", "127.0.0.1", "1.2.3.4:99999", "[::1:80"}) {
      const auto channel = side.session().connect(address, monotonic_now_ns() + 200 * millisecond);
      if (channel) side.fail(std::string("connected to '") + address + "'");
      EXPECT_FALSE(channel.error().message().empty());
    }
  });
}

TEST_P(Conformance, ASessionHasNoMoreChannelsThanItWasOpenedFor) {
  const Shared<SharedText> listening;
  run_pair(
      subject(), {},
      [&](Side& side) {
        if (has_receiver()) side.pump_until("the address", [&] { return listening->known(); });
        const auto one_more = side.session().connect(listening->get(), monotonic_now_ns() + 100 * millisecond);
        if (one_more) side.fail("connect goes beyond max_channels");
      },
      [&](Side& side) {
        listening->set(side.listen());
        if (side.session().accept(monotonic_now_ns() + 50 * millisecond)) side.fail("accept goes beyond max_channels");
      });
}

TEST_P(Conformance, ListensExactlyWhereTheLinkHasAReceiver) {
  run_alone(subject(), {}, [&](Side& side) {
    const auto address = side.session().listen();
    if (has_receiver()) {
      ASSERT_TRUE(address) << address.error().message();
      EXPECT_FALSE(address->empty());
      return;
    }
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().code, ErrorCode::unsupported);
    const auto channel = side.session().accept(monotonic_now_ns() + millisecond);
    ASSERT_FALSE(channel);
    EXPECT_EQ(channel.error().code, ErrorCode::unsupported);
  });
}

TEST_P(Conformance, CountersHaveNames) {
  auto session = open_alone(1, 1);
  ASSERT_TRUE(session) << session.error().message();
  for (const Counter& counter : (*session)->counters()) EXPECT_FALSE(counter.name.empty());
}

}  // namespace xover::conformance
