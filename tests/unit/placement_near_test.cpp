// Placement by the network interface, on made-up machines.
#include <gtest/gtest.h>

#include "harness/placement/placement.h"

namespace xover {
namespace {

using Cpus = std::vector<unsigned>;

Topology machine(const char* description) {
  auto topology = Topology::synthetic(description);
  EXPECT_TRUE(topology) << description;
  return std::move(*topology);
}

// 2 packages, each a NUMA node, of 1 L3 cache of 4 cores of 2 threads: node 0 has CPUs 0 to 7, node 1 has 8 to 15.
Topology two_nodes() { return machine("package:2 [numa] l3:1 core:4 pu:2"); }

NearInterface card(std::optional<int> node, Cpus rx_cpus = {}, std::optional<LinkRole> only = {}) {
  return {"eth0", node, std::move(rx_cpus), only};
}

CoreMap placed(const Topology& topology, Placement scenario, unsigned connections, const NearInterface& near) {
  auto map = place(topology, scenario, connections, Wait::block, 2, a_sender_each, near);
  EXPECT_TRUE(map) << (map ? "" : map.error().message());
  return map.value_or(CoreMap{});
}

std::string refusal(const Topology& topology, Placement scenario, const std::optional<NearInterface>& near) {
  const auto map = place(topology, scenario, 1, Wait::block, 2, a_sender_each, near);
  EXPECT_FALSE(map);
  if (map) return "";
  EXPECT_EQ(map.error().code, ErrorCode::unsupported);
  return map.error().message();
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST(TopologyNodes, are_those_of_the_operating_system) {
  const Topology topology = two_nodes();
  EXPECT_EQ(topology.cores().front().numa_node, 0);
  EXPECT_EQ(topology.cores().back().numa_node, 1);
}

TEST(PlacementNear, automatic_keeps_to_the_node_of_a_known_interface) {
  const CoreMap map = placed(two_nodes(), Placement::automatic, 2, card(1));
  EXPECT_EQ(map.sender_cores, (Cpus{8, 12}));
  EXPECT_EQ(map.receiver_cores, (Cpus{10, 14}));
  EXPECT_EQ(map.summary, "auto: senders on CPUs 8, 12; receivers on CPUs 10, 14");
}

TEST(PlacementNear, automatic_takes_all_cores_where_the_node_is_not_known) {
  for (const auto node : {std::optional<int>(), std::optional(7)}) {
    const CoreMap map = placed(two_nodes(), Placement::automatic, 1, card(node));
    EXPECT_EQ(map.sender_cores, Cpus{0});
    EXPECT_EQ(map.receiver_cores, Cpus{2});
  }
}

TEST(PlacementNear, near_nic_is_on_its_node_or_refused) {
  EXPECT_EQ(placed(two_nodes(), Placement::near_nic, 1, card(1)).sender_cores, Cpus{8});
  EXPECT_TRUE(has(refusal(two_nodes(), Placement::near_nic, card({})), "does not tell which NUMA node"));
  EXPECT_TRUE(has(refusal(two_nodes(), Placement::near_nic, card(7)), "needs a core of NUMA node 7, where eth0 is"));
}

TEST(PlacementNear, near_nic_is_everywhere_on_a_machine_of_one_node) {
  for (const auto node : {std::optional<int>(), std::optional(0)})
    EXPECT_EQ(placed(machine("package:1 [numa] core:2 pu:1"), Placement::near_nic, 1, card(node)).sender_cores,
              Cpus{0});
}

TEST(PlacementNear, without_an_interface_there_is_nothing_to_be_near_to) {
  for (const Placement scenario :
       {Placement::near_nic, Placement::rx_cpu, Placement::rx_sibling, Placement::rx_same_l3}) {
    const std::string text = refusal(two_nodes(), scenario, {});
    EXPECT_TRUE(has(text, "--placement ")) << text;
    EXPECT_TRUE(has(text, "needs a link through a network interface")) << text;
  }
}

TEST(PlacementNear, rx_cpu_is_where_the_interrupt_is_served) {
  const CoreMap map = placed(two_nodes(), Placement::rx_cpu, 3, card(1, {8, 10, 8}));
  EXPECT_EQ(map.receiver_cores, (Cpus{8, 10, 8}));
  EXPECT_EQ(map.sender_cores, (Cpus{12, 14, 9})) << "off those CPUs";
  EXPECT_FALSE(map.oversubscribed) << "two queues are served by one CPU, and that was asked for";
}

TEST(PlacementNear, rx_cpu_says_when_senders_have_to_share) {
  const CoreMap map = placed(machine("package:1 [numa] core:1 pu:1"), Placement::rx_cpu, 1, card(0, {0}));
  EXPECT_EQ(map.sender_cores, map.receiver_cores);
  EXPECT_TRUE(map.oversubscribed);
}

TEST(PlacementNear, rx_sibling_is_the_other_thread_of_that_core) {
  const CoreMap map = placed(two_nodes(), Placement::rx_sibling, 2, card(1, {8, 11}));
  EXPECT_EQ(map.receiver_cores, (Cpus{9, 10}));
  EXPECT_TRUE(has(refusal(machine("package:1 [numa] l3:1 core:2 pu:1"), Placement::rx_sibling, card(0, {0})),
                  "a second hardware thread beside CPU 0"));
}

TEST(PlacementNear, rx_same_l3_is_beside_it_and_not_on_it) {
  const auto receivers = [](Cpus rx_cpus) {
    const auto connections = static_cast<unsigned>(rx_cpus.size());
    return placed(two_nodes(), Placement::rx_same_l3, connections, card(1, std::move(rx_cpus))).receiver_cores;
  };
  EXPECT_EQ(receivers({8, 8, 8}), (Cpus{10, 12, 14})) << "each another one";
  EXPECT_EQ(receivers({8, 10}), (Cpus{12, 14})) << "not on the CPU of another queue";
  EXPECT_TRUE(has(refusal(machine("package:1 [numa] l3:2 core:1 pu:2"), Placement::rx_same_l3, card(0, {0})),
                  "another core under the L3 cache of CPU 0"));
}

TEST(PlacementNear, unknown_and_forbidden_rx_cpus_are_refused) {
  for (const Placement scenario : {Placement::rx_cpu, Placement::rx_sibling, Placement::rx_same_l3}) {
    EXPECT_TRUE(has(refusal(two_nodes(), scenario, card(1)), "not known which CPUs serve the RX queues of eth0"));
    EXPECT_TRUE(has(refusal(two_nodes(), scenario, card(1, {99})), "CPU 99, which serves an RX queue"));
  }
}

TEST(PlacementNear, the_reason_why_rx_cpus_are_unknown_is_told) {
  NearInterface near = card(1);
  near.rx_unknown = make_error(ErrorCode::unsupported, "find the CPU", "interrupt 40 goes to any", "pin it").value();
  const std::string text = refusal(two_nodes(), Placement::rx_cpu, near);
  EXPECT_TRUE(has(text, "interrupt 40 goes to any")) << text;
  EXPECT_TRUE(has(text, "pin it")) << text;
}

TEST(PlacementNear, on_two_hosts_each_places_its_own_role) {
  const CoreMap sender = placed(two_nodes(), Placement::rx_cpu, 2, card(1, {}, LinkRole::sender));
  EXPECT_EQ(sender.sender_cores, (Cpus{8, 10})) << "it receives nothing";
  EXPECT_TRUE(sender.receiver_cores.empty());
  const CoreMap receiver = placed(two_nodes(), Placement::rx_cpu, 2, card(1, {10, 12}, LinkRole::receiver));
  EXPECT_TRUE(receiver.sender_cores.empty());
  EXPECT_EQ(receiver.receiver_cores, (Cpus{10, 12}));
  EXPECT_EQ(receiver.summary, "rx_cpu: receivers on CPUs 10, 12");
  const CoreMap both = placed(two_nodes(), Placement::automatic, 2, card(1, {}, LinkRole::receiver));
  EXPECT_EQ(both.receiver_cores, (Cpus{8, 10})) << "no seats are left for senders that sit elsewhere";
}

TEST(PlacementNear, on_two_hosts_nobody_is_the_others_neighbour) {
  for (const Placement scenario : {Placement::smt_sibling, Placement::cross_package})
    EXPECT_TRUE(has(refusal(two_nodes(), scenario, card(1, {}, LinkRole::sender)), "both ends on one host"));
}

}  // namespace
}  // namespace xover
