// The link memif, also with its other end in a process of its own that dies or leaves in the middle of traffic: DPDK's
// interrupt thread must not take the memory away from under a burst, and no mbuf may be missing afterwards.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "tests/support/child_process.h"
#include "tests/support/sanitizer.h"
#include "tests/unit/dpdk_ends.h"
#include "transports/dpdk/eal.h"

namespace xover {
namespace {

using namespace test;

const Link memif{.name = "memif"};
constexpr const char* address_variable = "XOVER_TEST_MEMIF_ADDRESS";
constexpr const char* leaving_variable = "XOVER_TEST_MEMIF_LEAVES_AFTER";

// ThreadSanitizer sees neither the order that memif's shared memory gives, nor the locks between its driver and DPDK's
// interrupt thread, and would report both as races.
class DpdkMemif : public DpdkEnds {
 protected:
  void SetUp() override {
    if (under_thread_sanitizer) GTEST_SKIP() << "ThreadSanitizer cannot see into memif's driver";
    start_with(memif);
  }

  void exchange(Port& from, Port& to, std::size_t frames) {
    std::size_t received = 0;
    std::thread receiver([&] { received = receive_frames(to, frames, in(10 * second)); });
    std::size_t sent = 0;
    for (const MonotonicNs deadline = in(10 * second); sent < frames && monotonic_now_ns() < deadline;) {
      sent += send_frames(from, *pool_, 1, sent);
    }
    receiver.join();
    EXPECT_EQ(sent, frames);
    EXPECT_EQ(received, frames);
  }

  // Sends and receives as fast as it can until the line hangs up or the bound passes, and a while longer. How many
  // frames came.
  std::size_t talk(Meeting& meeting, MonotonicNs deadline, std::size_t most_frames = SIZE_MAX) {
    std::size_t received = 0;
    MonotonicNs end = deadline;
    bool gone = false;
    while (monotonic_now_ns() < end && received < most_frames) {
      send_frames(*meeting.port, *pool_, 8);
      std::array<rte_mbuf*, 32> frames;
      const std::uint16_t got = meeting.port->receive(frames.data(), 32);
      rte_pktmbuf_free_bulk(frames.data(), got);
      received += got;
      received_ = received;
      const auto heard = gone ? std::nullopt : meeting.line.hear();
      if (heard && heard->kind == Notice::Kind::gone) {
        gone = true;
        end = in(second / 50);
      }
    }
    return received;
  }

  // Accepts one peer in a process of its own, and talks to it for as long as it is there.
  void talk_to_process(LinkSide& side, const std::string& address, const std::string& leaves_after, bool kill) {
    ChildProcess peer({"env", std::string(address_variable) + "=" + address,
                       std::string(leaving_variable) + "=" + leaves_after, this_program(),
                       "--gtest_filter=DpdkMemif.DISABLED_PeerInAnotherProcess", "--gtest_also_run_disabled_tests"});
    auto meeting = side.accept(in(20 * second));
    ASSERT_TRUE(meeting) << meeting.error().message() << peer.wait(std::chrono::seconds(5)).out;
    received_ = 0;
    std::thread killer;
    if (kill) {
      killer = std::thread([&] {
        for (const MonotonicNs end = in(10 * second); received_ < 500 && monotonic_now_ns() < end;) {
          std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
        peer.signal(SIGKILL);
      });
    }
    EXPECT_GT(talk(*meeting, in(20 * second)), 0u);
    if (killer.joinable()) killer.join();
    const ChildResult result = peer.wait(std::chrono::seconds(10));
    EXPECT_EQ(result.signal, kill ? SIGKILL : 0) << result.out << result.err;
    EXPECT_TRUE(kill || result.exit_code == 0) << result.out << result.err;
    EXPECT_TRUE(meeting->port->link_up());  // for the driver nothing has happened
    EXPECT_EQ(meeting->port->missing_mbufs(), 0u);
  }
  std::atomic<std::size_t> received_{0};  // by talk() so far
};

TEST_F(DpdkMemif, PassesFramesBothWays) {
  const auto left = side_of(memif, LinkRole::sender);
  const auto right = side_of(memif, LinkRole::receiver);
  auto pair = meet(*left, *right);
  ASSERT_TRUE(pair) << pair.error().message();
  EXPECT_EQ(pair->acceptor.port->traits().driver, "net_memif");
  exchange(*pair->acceptor.port, *pair->connector.port, 5000);
  exchange(*pair->connector.port, *pair->acceptor.port, 5000);
  EXPECT_EQ(pair->acceptor.port->missing_mbufs(), 0u);
  EXPECT_EQ(pair->connector.port->missing_mbufs(), 0u);
}

TEST_F(DpdkMemif, LeavingDoesNotDisturbTheOtherEnd) {
  for (int round = 0; round < 20; ++round) {
    auto pair = meet(*side_of(memif, LinkRole::sender), *side_of(memif, LinkRole::receiver));
    ASSERT_TRUE(pair) << pair.error().message();
    const bool acceptor_stays = round % 2 == 0;
    Meeting& staying = acceptor_stays ? pair->acceptor : pair->connector;
    Meeting& leaving = acceptor_stays ? pair->connector : pair->acceptor;
    EXPECT_EQ(send_frames(*leaving.port, *pool_, 10), 10u);
    std::thread leaver([&] { leaving = {}; });
    EXPECT_EQ(talk(staying, in(5 * second)), 10u);
    leaver.join();
    EXPECT_TRUE(staying.port->link_up());
    EXPECT_EQ(staying.port->missing_mbufs(), 0u);
  }
}

TEST_F(DpdkMemif, ManyConnectionsAtOnceAreNotMixedUp) {
  const LinkSideShape shape{8, 64};
  const auto left = side_of(memif, LinkRole::sender, shape);
  const auto right = side_of(memif, LinkRole::receiver, shape);
  std::vector<DpdkPair> pairs;
  for (std::size_t each = 0; each < shape.max_connections; ++each) {
    auto pair = meet(*left, *right);
    ASSERT_TRUE(pair) << pair.error().message();
    pairs.push_back(std::move(*pair));
  }
  while (!pairs.empty()) {
    for (DpdkPair& pair : pairs) exchange(*pair.acceptor.port, *pair.connector.port, 100);
    pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2));
  }
}

TEST_F(DpdkMemif, SurvivesAPeerThatIsKilledInTheMiddleOfTraffic) {
  const auto side = side_of(memif, LinkRole::sender, {100, 256});
  const auto address = side->listen();
  ASSERT_TRUE(address);
  for (int round = 0; round < 8; ++round) talk_to_process(*side, *address, "0", true);
}

TEST_F(DpdkMemif, SurvivesAPeerThatLeavesInTheMiddleOfTraffic) {
  const auto side = side_of(memif, LinkRole::sender, {100, 256});
  const auto address = side->listen();
  ASSERT_TRUE(address);
  for (int round = 0; round < 8; ++round) talk_to_process(*side, *address, "2000", false);
}

// The other end of the two above.
TEST_F(DpdkMemif, DISABLED_PeerInAnotherProcess) {
  const char* const address = std::getenv(address_variable);
  const char* const leaves_after = std::getenv(leaving_variable);
  if (address == nullptr || leaves_after == nullptr) GTEST_SKIP() << "started by other tests";
  const std::size_t frames = std::strtoull(leaves_after, nullptr, 10);
  const auto side = side_of(memif, LinkRole::receiver);
  auto meeting = side->connect(address, in(10 * second));
  ASSERT_TRUE(meeting) << meeting.error().message();
  EXPECT_GT(talk(*meeting, in(20 * second), frames != 0 ? frames : SIZE_MAX), 0u);
  EXPECT_EQ(meeting->port->missing_mbufs(), 0u);
}

}  // namespace
}  // namespace xover
