// What the workloads that send messages make of receiving: bytes that nobody sees, loans, and answers that come late.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include "core/payload.h"
#include "harness/workloads/arriving_datagram.h"
#include "harness/workloads/message_pool.h"
#include "harness/workloads/receive_buffers.h"
#include "tests/unit/workloads_sides.h"

namespace xover {
namespace {

using test::run_sides;
using test::short_sample;

constexpr const char* discarding = "tcp.read_send[receive=splice]";

TEST(Discarded, BytesAreCountedWhenNobodyWantsToSeeThem) {
  for (const Workload workload : {Workload::stream, Workload::pingpong, Workload::fanout}) {
    Point point;
    point.workload = workload;
    point.touch = Touch::none;
    const auto result = run_sides(short_sample(discarding, point));
    ASSERT_TRUE(result.ok()) << result.message();
    EXPECT_GT(result.sample.receiver.messages, 0u);
    EXPECT_EQ(result.sample.receiver.bytes, result.sample.sender.bytes);
  }
}

TEST(Discarded, WhoeverWantsToSeeThemIsRefused) {
  for (const Touch touch : {Touch::read, Touch::verify}) {
    Point point;
    point.touch = touch;
    const auto result = run_sides(short_sample(discarding, point));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.receiver_error.code, ErrorCode::unsupported);
    EXPECT_NE(result.receiver_error.context.find(touch == Touch::read ? "touch read" : "touch verify"),
              std::string::npos)
        << result.message();
    EXPECT_NE(result.receiver_error.remedy.find("--touch none"), std::string::npos) << result.message();
  }
}

TEST(Discarded, RequestsForFilesCannotBe) {
  Point point;
  point.workload = Workload::file;
  point.touch = Touch::none;
  const auto result = run_sides(short_sample(discarding, point));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.receiver_error.message().find("workload file"), std::string::npos) << result.message();
}

class Lender final : public LeaseOwner {
 public:
  void give_back(std::uint64_t) noexcept override { ++given_back; }
  int given_back = 0;
};

TEST(ReceiveBuffers, ALoanIsReadInPlaceAndNothingIsOffered) {
  Limits limits;
  limits.receive = Receive::loaned;
  auto buffers = ReceiveBuffers::make(limits, 4096);
  ASSERT_TRUE(buffers.has_value());
  Lender lender;
  std::byte memory[3]{std::byte{1}, std::byte{2}, std::byte{3}};
  Completion completion;
  completion.bytes = sizeof(memory);
  completion.lease = Lease(&lender, 0, memory);
  const auto bytes = buffers->take(completion);
  EXPECT_EQ(bytes.data(), memory);
  EXPECT_EQ(bytes.size(), sizeof(memory));
  EXPECT_EQ(lender.given_back, 0);
  completion.lease = Lease();
  EXPECT_EQ(lender.given_back, 1);
}

// What was sent back may be let go of only by the other side's program, which no longer looks once it has its answer.
TEST(Pingpong, EndsThoughTheLastAnswersMemoryIsStillLent) {
  for (const char* id : {"tcp.sendfile", "tcp.vmsplice", "uring.send_zc"}) {
    const Descriptor* transport = find_transport(id);
    if (transport == nullptr || !transport->probe({"lo", {}}).usable()) continue;
    for (const Wait wait : {Wait::block, Wait::spin}) {
      Point point;
      point.workload = Workload::pingpong;
      point.size_bytes = 4096;
      point.wait = wait;
      point.touch = Touch::verify;
      const auto result = run_sides(short_sample(id, point));
      ASSERT_TRUE(result.ok()) << id << ": " << result.message();
      EXPECT_GT(result.sample.sender.latency.count(), 0u);
      EXPECT_EQ(result.sample.sender.messages, result.sample.receiver.messages);
    }
  }
}

// A datagram that took longer than the sender waits (200 ms) is lost to it; its answer must not pass for the next
// one's.
TEST(PingpongOfDatagrams, ALateAnswerIsNobodys) {
  Point point;
  point.workload = Workload::pingpong;
  point.size_bytes = 64;
  point.touch = Touch::verify;
  point.late_ns = 300 * test::millisecond_ns;
  const auto result = run_sides(short_sample("udp.send", point, 700 * test::millisecond_ns));
  ASSERT_TRUE(result.ok()) << result.message();
  EXPECT_GT(result.sample.sender.messages, 1u);
  EXPECT_EQ(result.sample.sender.latency.count(), 0u);
  EXPECT_GT(test::counter(result.sample.sender, "late_answers"), 0u);
}

TEST(PingpongOfDatagrams, AnAnswerInTimeIsCounted) {
  Point point;
  point.workload = Workload::pingpong;
  point.size_bytes = 64;
  point.touch = Touch::verify;
  const auto result = run_sides(short_sample("udp.send", point));
  ASSERT_TRUE(result.ok()) << result.message();
  EXPECT_GT(result.sample.sender.latency.count(), 0u);
  EXPECT_EQ(test::counter(result.sample.sender, "late_answers"), 0u);
}

// A datagram may lend 45 pieces of pages at most, with whatever kernel (MAX_SKB_FRAGS): refused one and all.
TEST(Datagrams, ThatAreAllRefusedFailTheSample) {
  Point point;
  point.size_bytes = 50'000;
  point.fields = 50;
  for (const Workload workload : {Workload::stream, Workload::fanout}) {
    point.workload = workload;
    const auto result = run_sides(short_sample("udp.zerocopy", point));
    EXPECT_EQ(result.sender_error.errno_value, EMSGSIZE) << result.message();
    EXPECT_NE(result.sender_error.message().find("every datagram of the phase was refused"), std::string::npos)
        << result.message();
    EXPECT_NE(result.sender_error.message().find("fewer --fields"), std::string::npos) << result.message();
  }
}

TEST(MessagePool, AStreamKeepsToItsPoolHoweverDeepItIs) {
  Point point;
  point.size_bytes = point.pool_bytes = 65536;
  point.depth = 8;
  point.touch = Touch::verify;
  const auto result = run_sides(short_sample("tcp.send", point));
  ASSERT_TRUE(result.ok()) << result.message();
  Limits stream;
  EXPECT_EQ(MessagePool::places_for(point, stream), 1u);
  point.pool_bytes = 5 * 65536;
  EXPECT_EQ(MessagePool::places_for(point, stream), 5u);
  const auto several = run_sides(short_sample("tcp.send", point));
  EXPECT_TRUE(several.ok()) << several.message();
}

TEST(MessagePool, ADatagramInFlightHasAPlaceOfItsOwn) {
  Point point;
  point.size_bytes = point.pool_bytes = 4096;
  point.depth = 8;
  point.touch = Touch::verify;
  Limits datagrams;
  datagrams.framing = Framing::message;
  datagrams.whole_messages = true;
  EXPECT_EQ(MessagePool::places_for(point, datagrams), 8u);
  const auto result = run_sides(short_sample("udp.zerocopy", point));
  EXPECT_TRUE(result.ok()) << result.message();
}

// An arena of buffers that lie apart, as a transport has it whose memory is packets.
class BufferSession final : public Session {
 public:
  explicit BufferSession(std::size_t buffer_bytes) { limits_.buffer_bytes = buffer_bytes; }

  const Limits& limits() const noexcept override { return limits_; }
  Result<std::string> listen() override { return nobody(); }
  Result<Channel*> accept(MonotonicNs) override { return nobody(); }
  Result<Channel*> connect(const std::string&, MonotonicNs) override { return nobody(); }
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override {
    constexpr std::size_t apart_bytes = 128;
    const std::size_t count = (size_bytes + limits_.buffer_bytes - 1) / limits_.buffer_bytes;
    memory_.resize(count * (limits_.buffer_bytes + apart_bytes));
    std::vector<Segment> buffers;
    for (std::size_t i = 0; i < count; ++i)
      buffers.push_back({memory_.data() + i * (limits_.buffer_bytes + apart_bytes), limits_.buffer_bytes});
    arena_buffers = count;
    return buffers;
  }
  std::size_t reap(std::span<Completion>) noexcept override { return 0; }
  Waiter* waiter() noexcept override { return nullptr; }
  std::vector<Counter> counters() const override { return {}; }

  std::size_t arena_buffers = 0;

 private:
  static tl::unexpected<Error> nobody() { return make_error(ErrorCode::unsupported, "meet", "nobody"); }

  Limits limits_;
  std::vector<std::byte> memory_;
};

Point point_of(std::uint64_t size_bytes, std::uint32_t fields, std::uint64_t pool_bytes, std::uint32_t depth) {
  Point point;
  point.size_bytes = size_bytes;
  point.fields = fields;
  point.pool_bytes = pool_bytes;
  point.depth = depth;
  return point;
}

TEST(MessagesInBuffers, EachFieldIsMadeOfBuffersThatNoOtherFieldOrMessageHas) {
  constexpr std::uint64_t buffer_bytes = 1456, seed = 7;
  for (const auto& [size_bytes, fields] :
       {std::pair{1u, 1u}, {1456u, 1u}, {1457u, 1u}, {65536u, 1u}, {10'000u, 3u}, {5u, 4u}}) {
    BufferSession session(buffer_bytes);
    const Point point = point_of(size_bytes, fields, 65536, 4);
    auto pool = MessagePool::make(session, point, seed);
    ASSERT_TRUE(pool) << pool.error().message();
    const std::size_t places = MessagePool::places_for(point, session.limits());
    EXPECT_GE(places, 4u);
    EXPECT_EQ(pool->slots(), places);
    const PayloadChecker checker(point, session.limits(), seed);
    std::set<const std::byte*> used;
    std::size_t full = 0;
    for (std::size_t number = 0; number < places; ++number) {
      const auto message = pool->message(number);
      EXPECT_EQ(message.size(), MessagePool::segments_for(point, session.limits()));
      EXPECT_EQ(total_bytes(message), size_bytes);
      std::uint64_t position = number * size_bytes;
      for (const Segment& segment : message) {
        EXPECT_LE(segment.size_bytes, buffer_bytes);
        EXPECT_TRUE(checker.stream_matches({segment.data, segment.size_bytes}, position));
        position += segment.size_bytes;
        full += segment.size_bytes > 0 ? 1 : 0;
        EXPECT_TRUE(segment.size_bytes == 0 || used.insert(segment.data).second) << "a buffer is in two places";
      }
    }
    EXPECT_EQ(session.arena_buffers, full) << size_bytes << " bytes in " << fields << " fields";
  }
}

TEST(MessagesInBuffers, APoolCountsBuffersWholeAndHasOneForEachOpInFlight) {
  Limits limits;
  limits.buffer_bytes = 1456;
  EXPECT_EQ(MessagePool::places_for(point_of(64, 1, 1456 * 10, 1), limits), 10u);
  EXPECT_EQ(MessagePool::places_for(point_of(1457, 1, 1456 * 10, 1), limits), 5u);
  EXPECT_EQ(MessagePool::places_for(point_of(1457, 1, 1456 * 10, 32), limits), 32u);
  EXPECT_EQ(MessagePool::segments_for(point_of(65536, 1, 1, 1), limits), 46u);
  EXPECT_EQ(MessagePool::segments_for(point_of(65536, 4, 1, 1), limits), 4u * 12u);
  EXPECT_EQ(MessagePool::segments_for(point_of(65536, 4, 1, 1), Limits()), 4u);
}

Limits lossy_messages() {
  Limits limits;
  limits.framing = Framing::message;
  limits.whole_messages = true;
  return limits;
}

TEST(Sequences, AreCarriedByMessagesThatMayNotArrive) {
  Limits limits = lossy_messages();
  EXPECT_TRUE(carry_sequence(limits));
  limits.reliable = true;
  EXPECT_FALSE(carry_sequence(limits));
}

std::vector<std::byte> datagram(const Point& point, std::uint64_t sequence) {
  std::vector<std::byte> bytes(point.size_bytes);
  fill_payload(bytes, 1, 0);
  std::memcpy(bytes.data(), &sequence, sizeof sequence);
  return bytes;
}

TEST(ArrivingDatagram, IsPutTogetherFromPiecesHoweverShort) {
  const Point point = point_of(100, 1, 100, 1);
  const auto bytes = datagram(point, 0x1122334455667788);
  const PayloadChecker checker(point, lossy_messages(), 1);
  for (const std::size_t cut : {1u, 3u, 7u, 8u, 9u, 50u, 100u}) {
    ArrivingDatagram arriving;
    std::uint16_t piece = 0;
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
      const auto part = std::span(bytes).subspan(at, std::min(cut, bytes.size() - at));
      ASSERT_EQ(arriving.take(piece++, part), at) << cut;
      EXPECT_EQ(arriving.has_sequence(), at + part.size() >= sequence_bytes);
      EXPECT_TRUE(checker.datagram_matches(part, 0, at)) << at << " in pieces of " << cut;
    }
    EXPECT_EQ(arriving.sequence(), 0x1122334455667788u);
    EXPECT_EQ(arriving.size_bytes(), bytes.size());
  }
  EXPECT_FALSE(checker.datagram_matches(std::span(bytes).subspan(9, 20), 0, 10));
  EXPECT_FALSE(checker.datagram_matches(bytes, 0, 1)) << "longer than was sent";
}

TEST(ArrivingDatagram, ThatLostAPieceIsVoidUntilTheNextBegins) {
  const auto bytes = datagram(point_of(100, 1, 100, 1), 5);
  const auto head = std::span(bytes).first(50), tail = std::span(bytes).subspan(50);
  ArrivingDatagram arriving;
  EXPECT_FALSE(arriving.take(1, tail)) << "it never began";
  EXPECT_EQ(arriving.take(0, head), 0u);
  EXPECT_FALSE(arriving.take(2, tail)) << "piece 1 was lost";
  EXPECT_FALSE(arriving.take(3, tail));
  EXPECT_EQ(arriving.take(0, head), 0u);
  EXPECT_EQ(arriving.take(0, head), 0u) << "the last one was cut short";
  EXPECT_EQ(arriving.take(1, tail), 50u);
  EXPECT_EQ(arriving.size_bytes(), 100u);
  EXPECT_EQ(arriving.sequence(), 5u);
}

}  // namespace
}  // namespace xover
