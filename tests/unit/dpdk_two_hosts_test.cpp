// A link of DPDK whose ends are on two hosts, played by two processes in two network namespaces: one pair of interfaces
// for frames, which carries no address, and one for the line between the ends.
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/child_process.h"
#include "tests/unit/dpdk_ends.h"
#include "transports/dpdk/device_facts.h"
#include "transports/dpdk/eal.h"

namespace xover {
namespace {

using namespace test;

constexpr const char* answer_variable = "XOVER_TEST_FAR_ANSWER";
const HostAddresses near_address{"10.99.0.1", ""}, far_address{"10.99.0.2", ""};
const Link frames{.name = "af_packet", .argument = "left+right"};
constexpr MonotonicNs bound_ns = 60 * second;  // also under a sanitizer

bool ip(const std::vector<std::string>& words) {
  std::vector<std::string> arguments{"ip"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  return run_program(arguments).exit_code == 0;
}

bool until(const std::function<bool()>& done, MonotonicNs deadline) {
  while (!done()) {
    if (monotonic_now_ns() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

bool is_here(const char* interface) { return if_nametoindex(interface) != 0; }

// Both are switched on, and the control interface has its address.
bool set_up(const char* data, const char* control, const HostAddresses& own) {
  return ip({"link", "set", data, "up"}) && ip({"address", "add", own.ipv4 + "/24", "dev", control}) &&
         ip({"link", "set", control, "up"});
}

// Sends until so many came, and as many again: the peer may still lack some.
std::size_t exchange(Meeting& meeting, MbufPool& pool, std::size_t wanted) {
  std::size_t received = 0;
  for (const MonotonicNs deadline = in(20 * second); received < wanted && monotonic_now_ns() < deadline;) {
    send_addressed(*meeting.port, meeting.peer.mac, pool);
    rte_mbuf* frame = nullptr;
    if (meeting.port->receive(&frame, 1) == 0) continue;
    received += is_addressed(*frame) ? 1 : 0;
    rte_pktmbuf_free(frame);
  }
  for (std::size_t more = 0; more < 4 * wanted; ++more) {
    send_addressed(*meeting.port, meeting.peer.mac, pool);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return received;
}

std::shared_ptr<MbufPool> make_pool() {
  register_with_eal();
  auto made = MbufPool::make({.mbufs = 4096, .data_bytes = 2048});
  EXPECT_TRUE(made) << made.error().message();
  return made ? *made : nullptr;
}

// Started by the test below, in a namespace of its own, which gets its interfaces from there.
TEST(DpdkTwoHosts, DISABLED_FarEnd) {
  const char* const answer = std::getenv(answer_variable);
  if (answer == nullptr) GTEST_SKIP() << "started by another test";
  const MonotonicNs deadline = in(bound_ns);
  ASSERT_TRUE(until([] { return is_here("right") && is_here("far"); }, deadline));
  ASSERT_TRUE(set_up("right", "far", far_address));
  ASSERT_TRUE(until([] { return interface_runs("right"); }, deadline));
  auto side = LinkSide::open(frames, LinkRole::receiver, {1, 256}, {true, far_address, near_address});
  ASSERT_TRUE(side) << side.error().message();
  const auto pool = make_pool();
  ASSERT_TRUE(pool);
  const auto address = (*side)->listen();
  ASSERT_TRUE(address) << address.error().message();
  std::ofstream(answer) << *address << std::endl;
  auto met = (*side)->accept(deadline);
  ASSERT_TRUE(met) << met.error().message();
  met->port->keep(pool);
  EXPECT_GE(exchange(*met, *pool, 50), 50u);
  EXPECT_TRUE(met->line.say({Notice::Kind::finished, 7}));
  // Until the near end kills this process.
  until([&] { return met->line.hear().value_or(Notice{Notice::Kind::granted, 0}).kind == Notice::Kind::gone; },
        deadline);
}

// What the far end's process said, once it has said it.
std::string said_in(const std::string& path, MonotonicNs deadline) {
  std::string address;
  until(
      [&] {
        std::getline(std::ifstream(path), address);
        return !address.empty();
      },
      deadline);
  return address;
}

void be_near_end() {
  const TemporaryFolder folder;
  const MonotonicNs deadline = in(bound_ns);
  setenv(answer_variable, folder.path("address").c_str(), 1);
  ChildProcess far({"unshare", "--net", this_program(), "--gtest_filter=DpdkTwoHosts.DISABLED_FarEnd",
                    "--gtest_also_run_disabled_tests"});
  unsetenv(answer_variable);
  for (const char* interface : {"right", "far"}) {
    // Before the process has a namespace of its own, moving is staying.
    const auto gone = [&] {
      (void)ip({"link", "set", interface, "netns", std::to_string(far.pid())});
      return !is_here(interface);
    };
    ASSERT_TRUE(until(gone, deadline));
  }
  ASSERT_TRUE(set_up("left", "near", near_address));
  ASSERT_TRUE(until([] { return interface_runs("left"); }, deadline));
  auto side = LinkSide::open(frames, LinkRole::sender, {1, 256}, {true, near_address, far_address});
  ASSERT_TRUE(side) << side.error().message();
  const auto pool = make_pool();
  ASSERT_TRUE(pool);
  const std::string address = said_in(folder.path("address"), deadline);
  EXPECT_TRUE(address.starts_with("10.99.0.2:")) << address << far.wait(std::chrono::seconds(1)).out;
  auto met = (*side)->connect(address, deadline);
  ASSERT_TRUE(met) << met.error().message();
  met->port->keep(pool);
  EXPECT_GE(exchange(*met, *pool, 50), 50u);
  std::optional<Notice> heard;
  const auto hears = [&] { return (heard = met->line.hear()).has_value(); };
  ASSERT_TRUE(until(hears, deadline)) << far.wait(std::chrono::seconds(1)).out;
  EXPECT_EQ(heard->kind, Notice::Kind::finished);
  EXPECT_EQ(heard->value, 7u);
  far.signal(SIGKILL);
  ASSERT_TRUE(until(hears, in(5 * second)));
  EXPECT_EQ(heard->kind, Notice::Kind::gone) << "killed";
}

TEST(DpdkTwoHosts, MeetOverTcpAndPassFrames) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may make network namespaces and packet sockets";
  const auto started = start_eal({.name = "ring"}, LinkRole::sender);
  if (!started) GTEST_SKIP() << started.error().message();
  std::string missing;
  std::thread([&] {
    // Indexes far apart: see number_taken() in device_side.cpp.
    const bool made =
        unshare(CLONE_NEWNET) == 0 &&
        ip({"link", "add", "name", "left", "index", "10", "type", "veth", "peer", "name", "right", "index", "20010"}) &&
        ip({"link", "add", "near", "type", "veth", "peer", "name", "far"});
    if (!made) {
      missing = "no network namespaces with veth here";
    } else {
      be_near_end();
    }
  }).join();
  if (!missing.empty()) GTEST_SKIP() << missing;
}

}  // namespace
}  // namespace xover
