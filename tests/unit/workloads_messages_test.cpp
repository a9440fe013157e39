// What the workloads that send messages make of receiving: bytes that nobody sees, loans, and answers that come late.
#include <gtest/gtest.h>
#include <cerrno>

#include "harness/workloads/message_pool.h"
#include "harness/workloads/receive_buffers.h"
#include "tests/unit/workloads_sides.h"

namespace xover {
namespace {

using test::run_sides;
using test::short_sample;

constexpr const char* discarding = "tcp.read_send[receive=splice]";

bool discards_here() {
  return find_transport("tcp.read_send") != nullptr && !find_transport("tcp.read_send")->planned();
}

TEST(Discarded, BytesAreCountedWhenNobodyWantsToSeeThem) {
  if (!discards_here()) GTEST_SKIP() << "no transport discards yet";
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
  if (!discards_here()) GTEST_SKIP() << "no transport discards yet";
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
  if (!discards_here()) GTEST_SKIP() << "no transport discards yet";
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
    if (transport == nullptr || transport->planned() || !transport->probe({"lo", {}}).usable()) continue;
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

}  // namespace
}  // namespace xover
