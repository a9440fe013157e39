// Workload `fanout`: one message to all receivers, each of them checked and counted, and a dead one named.
#include <barrier>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "harness/workloads/end.h"
#include "tests/unit/workloads_sides.h"

namespace xover {
namespace {

using test::run_sides;
using test::short_sample;

Point fanned_out(unsigned connections) {
  Point point;
  point.workload = Workload::fanout;
  point.connections = connections;
  point.size_bytes = 16 << 10;
  point.pool_bytes = 256 << 10;
  point.depth = 4;
  point.touch = Touch::verify;
  return point;
}

class Fanout : public testing::TestWithParam<const char*> {};

TEST_P(Fanout, EveryReceiverGetsEveryMessage) {
  for (const unsigned connections : {1u, 3u}) {
    const auto result = run_sides(short_sample(GetParam(), fanned_out(connections)));
    ASSERT_TRUE(result.ok()) << result.message();
    const SideReport &sender = result.sample.sender, &receiver = result.sample.receiver;
    ASSERT_GT(receiver.messages, 0u);
    EXPECT_EQ(receiver.messages % connections, 0u);
    EXPECT_EQ(sender.messages, receiver.messages);
    EXPECT_EQ(sender.bytes, receiver.bytes);
    EXPECT_EQ(receiver.bytes, receiver.messages * (16 << 10));
    EXPECT_EQ(sender.ledger.completed_bytes, sender.bytes);
    EXPECT_TRUE(sender.ledger.balanced());
    EXPECT_EQ(sender.latency.count(), sender.messages / connections) << "one for each message, when all have let go";
  }
}

// The memory of a message goes round soon, so a copy that was not let go of would be seen by touch=verify.
TEST_P(Fanout, MemoryIsUsedAgainOnlyWhenAllHaveLetGo) {
  Point point = fanned_out(3);
  point.pool_bytes = 4096;
  point.depth = 2;
  point.late_ns = 1000;
  const auto result = run_sides(short_sample(GetParam(), point));
  EXPECT_TRUE(result.ok()) << result.message();
}

INSTANTIATE_TEST_SUITE_P(Transports, Fanout, testing::Values("tcp.send", "tcp.sendmsg", "tcp.zerocopy", "inproc"),
                         [](const auto& one) {
                           std::string name = one.param;
                           for (char& c : name)
                             if (c == '.') c = '_';
                           return name;
                         });

TEST(FanoutOfDatagrams, CountsWhatArrived) {
  Point point = fanned_out(2);
  point.size_bytes = 1000;
  const auto result = run_sides(short_sample("udp.send", point));
  ASSERT_TRUE(result.ok()) << result.message();
  EXPECT_GT(result.sample.receiver.messages, 0u);
  EXPECT_LE(result.sample.receiver.messages, result.sample.sender.messages);
}

// One receiver's end goes in the middle; the sender's error says which.
TEST(FanoutOfThree, ADeadReceiverIsNamed) {
  const SampleSpec spec = short_sample("tcp.sendmsg", fanned_out(3));
  std::vector<std::string> addresses(3);
  std::barrier listening(4), connected(4), gone(4);
  std::vector<std::thread> receivers;
  for (unsigned i = 0; i < 3; ++i) {
    receivers.emplace_back([&, i] {
      auto end = open_end(spec, Role::receiver, i, nullptr).value();
      addresses[i] = end->listen().value();
      listening.arrive_and_wait();
      EXPECT_TRUE(end->accept(monotonic_now_ns() + 5'000'000'000).has_value());
      connected.arrive_and_wait();  // one that goes sooner is a connection that was not made
      if (i == 1) end.reset();
      gone.arrive_and_wait();
    });
  }
  listening.arrive_and_wait();
  auto sender = open_end(spec, Role::sender, 0, nullptr).value();
  EXPECT_TRUE(sender->connect(addresses, monotonic_now_ns() + 5'000'000'000).has_value());
  connected.arrive_and_wait();
  const Expectation unknown;
  const auto sent = sender->run_phase({1, monotonic_now_ns(), 5'000'000'000}, unknown);
  gone.arrive_and_wait();
  for (std::thread& receiver : receivers) receiver.join();
  ASSERT_FALSE(sent.has_value());
  EXPECT_NE(sent.error().message().find("receiver 2 of 3"), std::string::npos) << sent.error().message();
}

}  // namespace
}  // namespace xover
