// A queue pair of the fabric `local` by itself, with a peer that is stuck or dead in the middle of an operation, and a
// long message that had to wait.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <new>
#include <utility>

#include "tests/fabric/rig.h"
#include "transports/rdma/local/local_queue_pair.h"

namespace xover {
namespace {

// This end of a connection to another process, whose words the test writes.
class RdmaLocalQueuePair : public testing::Test {
 protected:
  void SetUp() override {
    state.shape.max_receives = 4;
    state.limits.max_pieces = 1;
    state.regions = RegionTable::create().value();
    state.queue_pairs.reserve(1);
    queue_pair = LocalQueuePair::create(state, 0).value();
    const auto end = SharedMemory::create("xover-end", EndPage::size_bytes(4)).value();
    new (end->data()) EndHeader;
    const auto fabric = SharedMemory::create("xover-regions", sizeof(FabricPage)).value();
    HeardRecord heard;
    heard.record.receive_slots = 4;
    for (const auto& memory : {end, fabric}) heard.passed.push_back(FileDescriptor(dup(memory->fd())));
    std::array<int, 2> line{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, line.data()), 0);
    peers_line = FileDescriptor(line[1]);
    auto peer = LocalPeer::open(std::move(heard), getppid());
    ASSERT_TRUE(peer) << peer.error().message();
    queue_pair->attach(MeetingLine(FileDescriptor(line[0])), std::move(*peer));
  }

  SharedWord& peers_operations() const {
    return EndPage(queue_pair->page().data(), queue_pair->receive_slots()).header().peers_operations;
  }

  LocalState state;
  std::unique_ptr<LocalQueuePair> queue_pair;
  FileDescriptor peers_line;
};

TEST_F(RdmaLocalQueuePair, AnEndDoesNotWaitLongerForAStoppedPeerThanTokensMayTake) {
  peers_operations() = 1;
  const MonotonicNs start = monotonic_now_ns();
  queue_pair->fail();
  EXPECT_LT(monotonic_now_ns() - start, abort_bound_ns);
  EXPECT_EQ(queue_pair->failure().code, ErrorCode::aborted);
}

TEST_F(RdmaLocalQueuePair, APeerThatDiedInTheMiddleOfAnOperationIsNotWaitedFor) {
  peers_operations() = 1;
  peers_line.close();
  EXPECT_TRUE(queue_pair->await_quiet(INT64_MAX));
  EXPECT_FALSE(queue_pair->failure());  // that is for whoever looks at the line
  queue_pair->make_progress();
  EXPECT_EQ(queue_pair->failure().code, ErrorCode::peer_died);
}

TEST_F(RdmaLocalQueuePair, WaitsForTheEndOfAnOperationAndNotForTheNextOne) {
  peers_operations() = 7;
  auto waiting = std::async(std::launch::async, [&] { return queue_pair->await_quiet(INT64_MAX); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  peers_operations() = 9;
  EXPECT_TRUE(waiting.get());
  peers_operations() = 10;
  EXPECT_FALSE(queue_pair->await_quiet(INT64_MAX));
}

// Several steps: once its receive is there, nothing is to be waited for between them.
TEST(RdmaLocalSleep, ALongMessageThatFoundNoReceiveIsCopiedWithoutSleepingOnceThereIsOne) {
  fabric_test::End a, b;
  for (fabric_test::End* end : {&a, &b}) ASSERT_TRUE(end->open({"local", "", {}}, {.sleeps = true}));
  const auto address = a.fabric->listen();
  ASSERT_TRUE(address);
  const Fabric::Prepare silent = [](QueuePair&, const Hello&) { return Hello(); };
  const MonotonicNs deadline = monotonic_now_ns() + fabric_test::bound_ns;
  auto connecting = std::async(std::launch::async, [&] { return b.fabric->connect(*address, silent, deadline); });
  a.queue_pairs.push_back(a.fabric->accept(silent, deadline).value().queue_pair);
  b.queue_pairs.push_back(connecting.get().value().queue_pair);

  const auto sleeps = [&] {
    for (const Counter& counter : a.fabric->counters()) {
      if (counter.name == "fabric_sleeps") return counter.value;
    }
    return UINT64_MAX;
  };
  ASSERT_EQ(a.post(fabric_test::Send{.id = 1, .size_bytes = fabric_test::memory_bytes}), Posted::ok);
  a.fabric->wait(monotonic_now_ns() + fabric_test::second / 50);
  EXPECT_EQ(sleeps(), 1u);  // until it is worth another try
  b.post_receives(1, fabric_test::memory_bytes);
  for (std::size_t step = 0; step < fabric_test::memory_bytes / copy_step_bytes; ++step) {
    EXPECT_EQ(a.find(1), nullptr);
    a.poll();
    a.fabric->wait(monotonic_now_ns() + fabric_test::second / 50);
  }
  a.poll();
  ASSERT_NE(a.find(1), nullptr);
  EXPECT_EQ(a.find(1)->status, WorkStatus::success);
  EXPECT_EQ(sleeps(), 1u + 1u);  // the last one, with nothing left to do
}

}  // namespace
}  // namespace xover
