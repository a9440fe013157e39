// What is told of an interface: of a made-up card, of lo, and of a veth whose line speed is made up by the kernel.
#include "harness/interfaces/interface_facts.h"

#include <gtest/gtest.h>

#include "harness/interfaces/interface_address.h"
#include "harness/interfaces/link_speed.h"
#include "harness/links/link_settings.h"
#include "tests/unit/interfaces_tree.h"
#include "tests/unit/links_process.h"

namespace xover {
namespace {

using test::MadeUpTree;

std::string fact(const std::map<std::string, std::string>& facts, const std::string& name) {
  const auto found = facts.find(name);
  return found == facts.end() ? "not told" : found->second;
}

// Nobody can ask the driver of a made-up card: it has a name that no interface here has.
constexpr const char* card = "no_such_card";

TEST(InterfaceFacts, tell_of_line_queues_interrupts_and_cpus) {
  MadeUpTree tree;
  add_card(tree, 2, card);
  tree.write("sys/class/net/no_such_card/queues/rx-1/rps_cpus", "03");
  tree.write("sys/class/net/no_such_card/queues/tx-1/xps_cpus", "f0");
  tree.write("sys/class/net/no_such_card/threaded", "0");
  tree.write("sys/devices/system/cpu/smt/control", "off");
  tree.write("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "performance");
  tree.write("sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "powersave");
  tree.write("sys/devices/system/cpu/intel_pstate/no_turbo", "1");
  const auto facts = interface_facts(card, tree.tree());
  EXPECT_EQ(fact(facts, "speed_mbps"), "10000");
  EXPECT_EQ(fact(facts, "duplex"), "full");
  EXPECT_EQ(fact(facts, "mtu_bytes"), "1500");
  EXPECT_EQ(fact(facts, "numa_node"), "1");
  EXPECT_EQ(fact(facts, "rx_interrupts"), "queue 0: irq 40 on CPU 2; queue 1: irq 41 on CPU 4");
  EXPECT_EQ(fact(facts, "rps"), "queue 1: CPUs 0 to 1");
  EXPECT_EQ(fact(facts, "xps"), "queue 1: CPUs 4 to 7");
  EXPECT_EQ(fact(facts, "napi_threads"), "off");
  EXPECT_EQ(fact(facts, "cpu_smt"), "off");
  EXPECT_EQ(fact(facts, "cpu_governor"), "performance, powersave");
  EXPECT_EQ(fact(facts, "cpu_turbo"), "off");
}

TEST(InterfaceFacts, leave_out_what_is_not_known) {
  MadeUpTree tree;
  tree.write("sys/class/net/no_such_card/mtu", "1500");
  tree.write("sys/class/net/no_such_card/speed", "-1");
  tree.write("sys/class/net/no_such_card/device/numa_node", "-1");
  EXPECT_EQ(interface_facts("no_such_card", tree.tree()), (std::map<std::string, std::string>{{"mtu_bytes", "1500"}}));
  EXPECT_TRUE(interface_facts("nor_this_one", tree.tree()).empty());
}

TEST(InterfaceFacts, of_lo_come_from_its_driver) {
  const auto facts = interface_facts("lo");
  EXPECT_EQ(fact(facts, "tso"), "on");
  EXPECT_EQ(fact(facts, "scatter_gather"), "on");
  EXPECT_EQ(fact(facts, "speed_mbps"), "not told");
  EXPECT_EQ(fact(facts, "rx_ring"), "not told");
}

TEST(InterfaceFacts, of_another_network_namespace_are_not_taken_for_ours) {
  if (!test::in_own_process()) return;
  MadeLink link;
  test::make_or_skip(Link{"veth", "", {}}, link);
  if (testing::Test::IsSkipped() || testing::Test::HasFatalFailure()) return;
  const auto facts = interface_facts(sender_interface);
  EXPECT_EQ(fact(facts, "driver"), "veth");
  EXPECT_EQ(fact(facts, "tso"), "on");
  // /sys still shows the namespace of before: it knows nothing of this interface.
  EXPECT_EQ(line_of(sender_interface).speed_mbps, 0U);
  const auto addresses = addresses_of(sender_interface);
  ASSERT_TRUE(addresses) << addresses.error().message();
  EXPECT_EQ(*addresses, link.sender);
  EXPECT_EQ(interface_of(link.sender.ipv4).value_or("none"), sender_interface);
}

TEST(InterfaceAddress, finds_lo) {
  EXPECT_EQ(interface_of("127.0.0.1").value_or("none"), "lo");
  const auto addresses = addresses_of("lo");
  ASSERT_TRUE(addresses) << addresses.error().message();
  EXPECT_EQ(addresses->ipv4, "127.0.0.1");
  EXPECT_TRUE(addresses->ipv6.empty() || addresses->ipv6 == "::1");
}

TEST(InterfaceAddress, says_what_is_not_there) {
  const auto code_of = [](const auto& result) { return result ? ErrorCode::none : result.error().code; };
  EXPECT_EQ(code_of(interface_of("198.51.100.77")), ErrorCode::no_device);
  EXPECT_EQ(code_of(interface_of("2001:db8::77")), ErrorCode::no_device);
  for (const char* none : {"", "lo", "1.2.3", "1.2.3.4:5", "::1:zz"})
    EXPECT_EQ(code_of(interface_of(none)), ErrorCode::bad_input) << none;
  EXPECT_EQ(code_of(addresses_of("no_such_card")), ErrorCode::no_device);
  EXPECT_EQ(code_of(addresses_of("")), ErrorCode::no_device);
}

TEST(LineOf, believes_cards_and_what_is_built_on_them) {
  MadeUpTree tree;
  add_card(tree, 1);
  EXPECT_EQ(line_of("eth0", tree.tree()).speed_mbps, 10000U);
  EXPECT_EQ(line_of("eth0", tree.tree()).mtu_bytes, 1500U);
  for (const std::string name : {"eth0.7", "veth0"}) {
    tree.write("sys/class/net/" + name + "/speed", "10000");
    tree.write("sys/class/net/" + name + "/mtu", "9000");
    EXPECT_EQ(line_of(name, tree.tree()).speed_mbps, 0U) << "it says so whatever it is made of";
    EXPECT_EQ(line_of(name, tree.tree()).mtu_bytes, 9000U);
  }
  tree.write("sys/class/net/eth0.7/uevent", "DEVTYPE=vlan");
  EXPECT_EQ(line_of("eth0.7", tree.tree()).speed_mbps, 10000U);
}

TEST(Utilisation, counts_headers_and_gaps) {
  const Line line{10000, 1500};
  // 1448 of 1538 bytes on the line, 10^10 bits a second: the figure that every textbook has.
  EXPECT_NEAR(*greatest_goodput_bytes_per_second(line, Packets::segments) * 8 / 1e9, 9.41, 0.01);
  EXPECT_NEAR(*greatest_goodput_bytes_per_second({10000, 9000}, Packets::segments) * 8 / 1e9, 9.90, 0.01);
  EXPECT_NEAR(*greatest_goodput_bytes_per_second(line, Packets::datagrams) * 8 / 1e9, 9.57, 0.01);
  // A frame is no shorter than 84 bytes with its gap: 14.88 million a second.
  EXPECT_NEAR(*greatest_goodput_bytes_per_second(line, Packets::datagrams, 1) / 1e6, 14.88, 0.01);
  EXPECT_NEAR(*greatest_goodput_bytes_per_second(line, Packets::datagrams, 1 << 20) * 8 / 1e9, 9.57, 0.01);
}

TEST(Utilisation, is_a_share_and_saturates) {
  const Line line{10000, 1500};
  const auto share = utilisation(line, Packets::segments, 1'177'000'000, 1'000'000'000);
  ASSERT_TRUE(share);
  EXPECT_NEAR(*share, 1, 0.001);
  EXPECT_TRUE(is_saturated(share));
  EXPECT_TRUE(is_saturated(0.92));
  EXPECT_FALSE(is_saturated(0.91));
  EXPECT_FALSE(is_saturated(2.0)) << "the speed told is not the device's";
}

TEST(Utilisation, is_unknown_without_speed_mtu_or_time) {
  EXPECT_FALSE(utilisation({0, 1500}, Packets::segments, 1000, 1000));
  EXPECT_FALSE(utilisation({10000, 0}, Packets::segments, 1000, 1000));
  EXPECT_FALSE(utilisation({10000, 52}, Packets::segments, 1000, 1000)) << "no room for payload";
  EXPECT_FALSE(utilisation({10000, 1500}, Packets::segments, 1000, 0));
  EXPECT_FALSE(is_saturated(std::nullopt));
}

}  // namespace
}  // namespace xover
