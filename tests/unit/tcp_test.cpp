// The TCP transports over loopback: bytes arrive, tokens come back, ends are told, faults are survived. What every
// transport must do is in tests/conformance; here is what is TCP's own.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/transport.h"
#include "transports/tcp/tcp.h"

namespace xover {
namespace {

constexpr MonotonicNs second = 1'000'000'000;

MonotonicNs soon() { return monotonic_now_ns() + 5 * second; }

const Descriptor& row(std::string_view id) {
  for (const Descriptor& descriptor : tcp_transports()) {
    if (descriptor.id == id) return descriptor;
  }
  throw std::runtime_error("no such row");
}

OpenParameters parameters_for(const Descriptor& descriptor, const OptionText& text, std::size_t depth,
                              std::size_t channels) {
  OpenParameters parameters;
  parameters.options = Options::resolve(descriptor.id, descriptor.options, text).value();
  parameters.depth = depth;
  parameters.max_channels = channels;
  return parameters;
}

std::uint64_t counter(const Session& session, std::string_view name) {
  for (const Counter& counter : session.counters()) {
    if (counter.name == name) return counter.value;
  }
  throw std::runtime_error("no such counter");
}

// Both ends of one connection in this thread, with everything that has been reaped on each side.
struct End {
  std::unique_ptr<Session> session;
  Channel* channel = nullptr;
  std::vector<Completion> seen;

  std::size_t reap() {
    Completion batch[16];
    const std::size_t count = session->reap(batch);
    for (std::size_t i = 0; i < count; ++i) seen.push_back(std::move(batch[i]));
    return count;
  }
  std::size_t count(Moment moment) const {
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [&](const Completion& c) { return c.moments.has(moment); }));
  }
  std::size_t received_bytes() const {
    std::size_t bytes = 0;
    for (const Completion& c : seen) bytes += c.moments.has(Moment::received) ? c.bytes : 0;
    return bytes;
  }
  const Completion* first(Moment moment) const {
    const auto found =
        std::find_if(seen.begin(), seen.end(), [&](const Completion& c) { return c.moments.has(moment); });
    return found == seen.end() ? nullptr : &*found;
  }
};

struct Pair {
  End a, b;

  explicit Pair(std::string_view id, std::size_t depth = 4, const OptionText& text = {}) {
    const Descriptor& descriptor = row(id);
    a.session = descriptor.open(parameters_for(descriptor, text, depth, 1)).value();
    b.session = descriptor.open(parameters_for(descriptor, text, depth, 1)).value();
    const std::string address = b.session->listen().value();
    a.channel = a.session->connect(address, soon()).value();
    b.channel = b.session->accept(soon()).value();
  }

  template <typename Condition>
  [[nodiscard]] bool reap_until(Condition condition, MonotonicNs bound = 5 * second) {
    const MonotonicNs deadline = monotonic_now_ns() + bound;
    while (!condition()) {
      if (monotonic_now_ns() > deadline) return false;
      a.reap();
      b.reap();
    }
    return true;
  }
};

std::vector<std::byte> pattern(std::size_t size_bytes) {
  std::vector<std::byte> bytes(size_bytes);
  for (std::size_t i = 0; i < size_bytes; ++i) bytes[i] = static_cast<std::byte>(i * 131 + i / 251);
  return bytes;
}

SendOp op_of(Token token, std::span<const Segment> segments) { return {token, segments}; }

class TcpTest : public testing::TestWithParam<const char*> {};

TEST_P(TcpTest, EightFieldsArriveInOrderAndTheTokenIsReleasedOnce) {
  Pair pair(GetParam());
  auto bytes = pattern(8 * 1000);
  std::vector<Segment> fields;
  for (std::size_t i = 0; i < 8; ++i) fields.push_back({bytes.data() + i * 1000, 1000});
  const SendOp op = op_of(7, fields);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  std::vector<std::byte> into(bytes.size());
  std::size_t filled = 0;
  while (filled < into.size()) {
    const RxBuffer buffer{1, into.data() + filled, into.size() - filled};
    ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
    const std::size_t had = pair.b.count(Moment::received);
    ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::received) > had; }));
    filled = pair.b.received_bytes();
  }
  EXPECT_EQ(into, bytes);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 1; }));
  EXPECT_EQ(pair.a.count(Moment::sent), 1u);
  EXPECT_EQ(pair.a.first(Moment::released)->token, 7u);
  EXPECT_EQ(pair.a.first(Moment::released)->bytes, bytes.size());
  const Ledger& ledger = pair.a.channel->ledger();
  EXPECT_TRUE(ledger.balanced());
  EXPECT_EQ(ledger.completed_bytes, bytes.size());
  EXPECT_EQ(ledger.user_copied_bytes, std::string_view(GetParam()) == "tcp.send" ? bytes.size() : 0u);
  if (std::string_view(GetParam()) == "tcp.zerocopy") {
    EXPECT_EQ(ledger[Handover::kernel_after_request], bytes.size());
  } else {
    EXPECT_EQ(ledger[Handover::kernel_by_design], bytes.size());
  }
}

TEST_P(TcpTest, AnOpLargerThanTheSocketBufferGoesInPartsAndArrivesWhole) {
  Pair pair(GetParam());
  auto bytes = pattern(16 << 20);
  const Segment fields[2] = {{bytes.data(), 5'000'001}, {bytes.data() + 5'000'001, bytes.size() - 5'000'001}};
  const SendOp op = op_of(1, fields);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  const SendOp next = op_of(2, {fields, 1});
  EXPECT_EQ(pair.a.channel->submit({&next, 1}).stop, Stop::busy);
  std::vector<std::byte> into(bytes.size());
  std::size_t filled = 0;
  while (filled < into.size()) {
    const RxBuffer buffer{1, into.data() + filled, into.size() - filled};
    ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
    const std::size_t had = pair.b.count(Moment::received);
    ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::received) > had; }));
    filled = pair.b.received_bytes();
  }
  EXPECT_EQ(into, bytes);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 1; }));
  EXPECT_EQ(pair.a.first(Moment::released)->bytes, bytes.size());
  EXPECT_FALSE(pair.a.first(Moment::released)->failure);
  EXPECT_EQ(counter(*pair.a.session, "partial_sends"), 1u);
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
  EXPECT_EQ(pair.a.channel->ledger().completed_bytes, bytes.size());
}

TEST_P(TcpTest, AnEmptyOpCompletesAtOnce) {
  Pair pair(GetParam());
  const SendOp op = op_of(9, {});
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  pair.a.reap();
  ASSERT_EQ(pair.a.seen.size(), 1u);
  EXPECT_TRUE(pair.a.seen[0].moments == (Moment::sent | Moment::released));
  EXPECT_EQ(pair.a.seen[0].bytes, 0u);
}

TEST_P(TcpTest, DepthBoundsTheOpsThatWereNotReaped) {
  Pair pair(GetParam(), 2);
  std::byte byte{1};
  const Segment field{&byte, 1};
  const SendOp ops[3] = {{1, {&field, 1}}, {2, {&field, 1}}, {3, {&field, 1}}};
  const Submitted submitted = pair.a.channel->submit(ops);
  EXPECT_EQ(submitted.accepted, 2u);
  EXPECT_EQ(submitted.stop, Stop::busy);
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::released) == 2; }));
  EXPECT_EQ(pair.a.channel->submit({ops + 2, 1}).accepted, 1u);
}

TEST_P(TcpTest, AnOrderlyEndReturnsBuffersWithoutFailureAndThenCloses) {
  Pair pair(GetParam());
  std::byte room[64];
  const RxBuffer buffer{5, room, sizeof room};
  ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
  pair.a.channel->shutdown_send();
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::closed) == 1; }));
  ASSERT_EQ(pair.b.seen.size(), 2u);
  EXPECT_EQ(pair.b.seen[0].token, 5u);
  EXPECT_EQ(pair.b.seen[0].bytes, 0u);
  EXPECT_FALSE(pair.b.seen[0].failure);
  EXPECT_FALSE(pair.b.seen[1].failure);
  EXPECT_EQ(pair.b.channel->offer({&buffer, 1}), 0u);
  const SendOp op = op_of(1, {});
  EXPECT_EQ(pair.a.channel->submit({&op, 1}).stop, Stop::failed);
  EXPECT_TRUE(pair.a.channel->failure());
}

TEST_P(TcpTest, AnEndIsToldEvenIfNoBufferIsOffered) {
  Pair pair(GetParam());
  pair.a.channel->shutdown_send();
  EXPECT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::closed) == 1; }));
}

TEST_P(TcpTest, AnAbortWithDataInFlightReleasesEveryTokenOnceAndReturnsEveryBuffer) {
  Pair pair(GetParam(), 8);
  auto bytes = pattern(16 << 20);
  const Segment field{bytes.data(), bytes.size()};
  const SendOp op = op_of(3, {&field, 1});
  std::byte room[64];
  const RxBuffer buffer{4, room, sizeof room};
  ASSERT_EQ(pair.a.channel->offer({&buffer, 1}), 1u);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  pair.a.channel->abort();
  ASSERT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }, abort_bound_ns));
  EXPECT_EQ(pair.a.count(Moment::released), 1u);
  EXPECT_EQ(pair.a.first(Moment::released)->failure.code, ErrorCode::aborted);
  EXPECT_LT(pair.a.first(Moment::released)->bytes, bytes.size());
  EXPECT_EQ(pair.a.count(Moment::received), 1u);
  EXPECT_TRUE(pair.a.seen.back().moments.has(Moment::closed));
  EXPECT_TRUE(pair.a.channel->ledger().balanced());
  EXPECT_EQ(pair.a.channel->ledger()[Handover::zero_copied], 0u);
  EXPECT_EQ(pair.a.channel->submit({&op, 1}).stop, Stop::failed);
  // The peer learns it behind the bytes that had arrived.
  std::vector<std::byte> sink(1 << 20);
  const RxBuffer drain{1, sink.data(), sink.size()};
  EXPECT_TRUE(pair.reap_until([&] {
    pair.b.channel->offer({&drain, 1});
    return pair.b.channel->failure().code == ErrorCode::peer_died;
  }));
}

TEST_P(TcpTest, TokensComeBackWhenThePeerIsGone) {
  Pair pair(GetParam(), 8);
  auto bytes = pattern(16 << 20);
  const Segment field{bytes.data(), bytes.size()};
  const SendOp op = op_of(3, {&field, 1});
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  pair.b.session.reset();
  Completion none[1];
  const MonotonicNs deadline = soon();
  while (pair.a.count(Moment::closed) == 0 && monotonic_now_ns() < deadline) pair.a.reap();
  EXPECT_EQ(pair.a.count(Moment::released), 1u);
  EXPECT_EQ(pair.a.count(Moment::closed), 1u);
  EXPECT_EQ(pair.a.first(Moment::released)->failure.code, ErrorCode::peer_died);
  EXPECT_EQ(pair.a.session->reap(none), 0u);
  EXPECT_EQ(pair.a.channel->ledger()[Handover::zero_copied], 0u);
}

TEST_P(TcpTest, ABlockingReceiverAndSenderMoveAStream) {
  Pair pair(GetParam(), 2);
  auto bytes = pattern(1 << 20);
  constexpr std::size_t messages = 64;
  std::thread receiver([&] {
    std::vector<std::byte> room(256 << 10);
    const MonotonicNs deadline = soon();
    while (pair.b.received_bytes() < messages * bytes.size() && monotonic_now_ns() < deadline) {
      const RxBuffer buffer{1, room.data(), room.size()};
      if (pair.b.count(Moment::received) + 1 > pair.b.seen.size()) pair.b.channel->offer({&buffer, 1});
      pair.b.session->waiter()->wait(deadline);
      pair.b.reap();
    }
  });
  const Segment field{bytes.data(), bytes.size()};
  const MonotonicNs deadline = soon();
  for (std::size_t sent = 0; sent < messages && monotonic_now_ns() < deadline;) {
    const SendOp op = op_of(sent, {&field, 1});
    sent += pair.a.channel->submit({&op, 1}).accepted;
    pair.a.session->waiter()->wait(deadline);
    pair.a.reap();
  }
  receiver.join();
  EXPECT_EQ(pair.b.received_bytes(), messages * bytes.size());
}

TEST_P(TcpTest, AWaitWithNothingToDoEndsSoonAfterItsDeadline) {
  Pair pair(GetParam());
  std::byte room[64];
  const RxBuffer buffer{5, room, sizeof room};
  for (const bool offered : {false, true}) {
    if (offered) {
      ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
    }
    const MonotonicNs start = monotonic_now_ns();
    const MonotonicNs deadline = start + 5'000'000;
    while (monotonic_now_ns() < deadline) pair.b.session->waiter()->wait(deadline);
    EXPECT_LT(monotonic_now_ns() - deadline, 200'000'000);
  }
}

TEST_P(TcpTest, RunsOverIpv6) {
  Pair pair(GetParam(), 1, {{"ip", "6"}});
  std::byte byte{42}, room{0};
  const Segment field{&byte, 1};
  const SendOp op = op_of(1, {&field, 1});
  const RxBuffer buffer{2, &room, 1};
  ASSERT_EQ(pair.b.channel->offer({&buffer, 1}), 1u);
  ASSERT_EQ(pair.a.channel->submit({&op, 1}).accepted, 1u);
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.count(Moment::received) == 1; }));
  EXPECT_EQ(room, byte);
}

INSTANTIATE_TEST_SUITE_P(Paths, TcpTest, testing::Values("tcp.send", "tcp.sendmsg", "tcp.zerocopy"),
                         [](const auto& path) { return std::string(path.param).substr(4); });

// Makes this thread one whose locked memory is limited, as that of an unprivileged user is.
class LimitedLockedMemory {
 public:
  explicit LimitedLockedMemory(rlim_t bytes) {
    getrlimit(RLIMIT_MEMLOCK, &before_);
    const rlimit limited{bytes, before_.rlim_max};
    setrlimit(RLIMIT_MEMLOCK, &limited);
    syscall(SYS_capget, &header_, data_);
    effective_before_ = data_[0].effective;
    set_effective(effective_before_ & ~(1u << CAP_IPC_LOCK));
  }
  ~LimitedLockedMemory() {
    set_effective(effective_before_);
    setrlimit(RLIMIT_MEMLOCK, &before_);
  }

 private:
  void set_effective(std::uint32_t effective) {
    data_[0].effective = effective;
    syscall(SYS_capset, &header_, data_);
  }

  rlimit before_{};
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data_[2]{};
  std::uint32_t effective_before_ = 0;
};

TEST(TcpZerocopyTest, ExhaustedLockedMemoryIsDrainedAndTriedAgain) {
  const LimitedLockedMemory limited(1 << 20);
  constexpr std::size_t messages = 64;
  Pair pair("tcp.zerocopy", 32, {{"receive_buffer", "64K"}});
  auto bytes = pattern(256 << 10);
  const Segment field{bytes.data(), bytes.size()};
  std::size_t sent = 0;
  const MonotonicNs bound = soon();
  while (counter(*pair.a.session, "enobufs_stalls") == 0 && sent < messages && monotonic_now_ns() < bound) {
    const SendOp op = op_of(sent, {&field, 1});
    sent += pair.a.channel->submit({&op, 1}).accepted;
    pair.a.reap();
  }
  EXPECT_GT(counter(*pair.a.session, "enobufs_stalls"), 0u);
  std::vector<std::byte> room(1 << 20);
  const RxBuffer buffer{1, room.data(), room.size()};
  const MonotonicNs deadline = soon();
  while ((pair.a.count(Moment::released) < messages || pair.b.received_bytes() < messages * bytes.size()) &&
         monotonic_now_ns() < deadline) {
    const SendOp op = op_of(sent, {&field, 1});
    if (sent < messages) sent += pair.a.channel->submit({&op, 1}).accepted;
    pair.a.session->waiter()->wait(monotonic_now_ns() + 1'000'000);
    pair.a.reap();
    pair.b.channel->offer({&buffer, 1});
    pair.b.reap();
  }
  EXPECT_EQ(pair.a.count(Moment::released), messages);
  EXPECT_EQ(pair.b.received_bytes(), messages * bytes.size());
  EXPECT_FALSE(pair.a.channel->failure());
}

TEST(TcpZerocopyTest, LockedMemoryThatNeverComesFailsTheChannelAndSaysSo) {
  const LimitedLockedMemory limited(64 << 10);
  Pair pair("tcp.zerocopy");
  auto bytes = pattern(1 << 20);
  const Segment field{bytes.data(), bytes.size()};
  const SendOp op = op_of(1, {&field, 1});
  const MonotonicNs deadline = soon();
  Submitted submitted;
  while ((submitted = pair.a.channel->submit({&op, 1})).stop == Stop::busy && monotonic_now_ns() < deadline) {
    const MonotonicNs before = monotonic_now_ns();
    pair.a.session->waiter()->wait(deadline);
    EXPECT_LT(monotonic_now_ns() - before, 500'000'000);
    pair.a.reap();
  }
  EXPECT_EQ(submitted.stop, Stop::failed);
  EXPECT_EQ(pair.a.channel->failure().code, ErrorCode::no_memory);
  EXPECT_NE(std::string_view(pair.a.channel->failure().operation).find("RLIMIT_MEMLOCK"), std::string_view::npos);
  EXPECT_TRUE(pair.reap_until([&] { return pair.a.count(Moment::closed) == 1; }));
}

TEST(TcpSessionTest, TellsWhichCongestionControlIsInForce) {
  Pair pair("tcp.send", 1, {{"congestion_control", "reno"}});
  const auto facts = pair.a.session->facts();
  const auto fact =
      std::find_if(facts.begin(), facts.end(), [](const Fact& f) { return f.name == "congestion_control"; });
  ASSERT_NE(fact, facts.end());
  EXPECT_EQ(fact->value, "reno");
}

TEST(TcpSessionTest, RefusesALinkThatItDoesNotRunOn) {
  OpenParameters parameters = parameters_for(row("tcp.send"), {}, 1, 1);
  parameters.link = {"ifb", ""};
  const auto session = row("tcp.send").open(parameters);
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::unsupported);
}

TEST(TcpSessionTest, SaysWhereNobodyListens) {
  std::string address;
  {
    auto listener = row("tcp.send").open(parameters_for(row("tcp.send"), {}, 1, 1)).value();
    address = listener->listen().value();
  }
  auto session = row("tcp.send").open(parameters_for(row("tcp.send"), {}, 1, 1)).value();
  const auto channel = session->connect(address, soon());
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code, ErrorCode::refused);
}

TEST(TcpSessionTest, AcceptGivesUpAtItsDeadline) {
  auto session = row("tcp.send").open(parameters_for(row("tcp.send"), {}, 1, 1)).value();
  ASSERT_TRUE(session->listen());
  const auto channel = session->accept(monotonic_now_ns() + 10'000'000);
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code, ErrorCode::timed_out);
}

}  // namespace
}  // namespace xover
