// Each scenario with the tools that people would try it with: the devices are there, and bytes pass.
#include <cstdint>
#include <fstream>
#include <regex>

#include <nlohmann/json.hpp>

#include "tests/guest/lab_guest.h"

namespace xover::test {
namespace {

using GuestScenario = LabGuest;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

TEST_F(GuestScenario, RxeHasAnActiveDeviceThatRpingPasses) {
  if (const auto missing = missing_program({"ibv_devinfo", "rping"}); !missing.empty())
    GTEST_SKIP() << "no " << missing;
  const ChildResult result = run_script("rxe", R"(
    ibv_devinfo -d rxe0
    rping -s -a $XOVER_OWN_ADDRESS -C 3 & server=$!
    until rping -c -v -a $XOVER_OWN_ADDRESS -C 3; do sleep 1; done
    wait $server)");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(holds(result.out, "PORT_ACTIVE")) << result.out;
  EXPECT_EQ(count(result.out, "ping data: rdma-ping-"), 3u) << result.out;
}

// The driver of a card reports its link some seconds after the card was switched on.
TEST_F(GuestScenario, WireJoinsTwoNamespaces) {
  const ChildResult result = run_script("wire", R"(
    set -e
    cat /sys/class/net/eth0/operstate /sys/class/net/eth1/operstate
    for i in 0 1; do
      ip netns add side$i
      ip link set eth$i netns side$i
      ip -n side$i address add 10.1.1.1$i/24 dev eth$i
      ip -n side$i link set eth$i up
    done
    for i in 0 1; do
      until ip -n side$i link show eth$i | grep -q LOWER_UP; do sleep 0.2; done
    done
    ip netns exec side0 busybox ping -c 3 10.1.1.11)");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("down\ndown\n")) << result.out;
  EXPECT_TRUE(holds(result.out, " 3 packets received")) << result.out;
}

// The first burst goes round for ever, from port to port over the wire between them.
TEST_F(GuestScenario, VfioGivesDpdkTwoPortsThatForward) {
  if (const auto missing = missing_program({"dpdk-testpmd"}); !missing.empty()) GTEST_SKIP() << "no " << missing;
  const ChildResult result = run_script("vfio", R"(
    timeout -s INT 15 dpdk-testpmd --in-memory -a $XOVER_PCI_A -a $XOVER_PCI_B -- \
      --total-num-mbufs=4096 --auto-start --tx-first --stats-period=5 </dev/null)");
  EXPECT_TRUE(holds(result.err, "net_e1000_em (8086:10d3) device: 0000:00:10.0")) << result.err;
  EXPECT_TRUE(holds(result.err, "net_e1000_em (8086:10d3) device: 0000:00:11.0")) << result.err;
  std::smatch match;
  const std::regex forwarded(R"(Accumulated forward statistics for all ports\S*\s*RX-packets: (\d+)\s)");
  ASSERT_TRUE(std::regex_search(result.out, match, forwarded)) << result.out;
  EXPECT_GT(std::stoull(match.str(1)), 1000u);
}

TEST_F(GuestScenario, PairPassesATcpStreamAndRdmaBetweenTwoGuests) {
  if (const auto missing = missing_program({"iperf3", "rping"}); !missing.empty()) GTEST_SKIP() << "no " << missing;
  TemporaryFolder results;
  const ChildResult result =
      run_script("pair", R"(
    until iperf3 --json -t 2 -c $XOVER_PEER_ADDRESS >stream.json; do sleep 1; done
    until rping -c -v -a $XOVER_PEER_ADDRESS -C 3; do sleep 1; done)",
                 {"--results", results.path(), "--peer", "rping -s -a $XOVER_OWN_ADDRESS & iperf3 -s"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(holds(result.err, "peer: ")) << result.err;
  EXPECT_EQ(count(result.out, "ping data: rdma-ping-"), 3u) << result.out;
  std::ifstream stream(results.path("stream.json"));
  const auto json = nlohmann::json::parse(stream, nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  const auto sent = json["end"]["sum_sent"]["bytes"].get<std::uint64_t>();
  const auto received = json["end"]["sum_received"]["bytes"].get<std::uint64_t>();
  EXPECT_GT(received, 1u << 20);
  EXPECT_LE(received, sent);
}

// The second card, given back to the kernel in both guests, still joins them when the first one is down.
TEST_F(GuestScenario, PairNicHasACardForDpdkOnAWireOfItsOwn) {
  const std::string give_back = R"(
    set -e
    grep -q "HugePages_Free: *[1-9]" /proc/meminfo
    cd /sys/bus/pci
    echo $XOVER_PCI_A >drivers/vfio-pci/unbind
    echo e1000e >devices/$XOVER_PCI_A/driver_override
    modprobe e1000e
    echo $XOVER_PCI_A >drivers_probe
    ip address add 10.78.0.${XOVER_OWN_ADDRESS##*.}/24 dev eth1
    ip link set eth1 up
)";
  const ChildResult result = run_script("pair_nic", give_back + R"(
    rdma link show rxe0/1
    until busybox ping -c 1 -W 2 10.78.0.2 >/dev/null; do sleep 1; done
    ip link set eth0 down
    busybox ping -c 3 -W 2 10.78.0.2)",
                                        {"--peer", give_back + "sleep infinity"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(holds(result.out, "rxe0/1 state ACTIVE")) << result.out;
  EXPECT_TRUE(holds(result.out, " 3 packets received")) << result.out;
}

}  // namespace
}  // namespace xover::test
