// Which interfaces the link `wire` takes: decided on facts, so that no interface of this machine is touched.
#include <gtest/gtest.h>

#include "harness/links/wire_check.h"
#include "tests/unit/links_process.h"

namespace xover {
namespace {

HostInterface card(const std::string& name) { return {name, "ixgbe", true, {}, ""}; }

std::string refusal(const std::vector<HostInterface>& host, const std::string& sender, const std::string& receiver) {
  const auto fit = check_wire(host, sender, receiver);
  return fit ? "none" : std::string(to_string(fit.error().code)) + ": " + fit.error().message();
}

TEST(LinksWire, takes_two_free_cards) {
  EXPECT_EQ(refusal({card("eth0"), card("eth1")}, "eth0", "eth1"), "none");
  const auto names = parse_wire("enp1s0f0+enp1s0f1");
  ASSERT_TRUE(names);
  EXPECT_EQ(names->first, "enp1s0f0");
  EXPECT_EQ(names->second, "enp1s0f1");
}

TEST(LinksWire, needs_two_names) {
  for (const char* argument : {"", "eth0", "eth0+", "+eth0", "+", "eth0+eth1+eth2"}) {
    const auto names = parse_wire(argument);
    ASSERT_FALSE(names) << argument;
    EXPECT_EQ(names.error().code, ErrorCode::bad_input);
    EXPECT_EQ(names.error().remedy, "write wire:A+B, the sender's interface and the receiver's") << argument;
  }
  const auto one = parse_wire("eth0+eth0");
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().message(), "wire: eth0 cannot be both ends; name two interfaces that a cable joins");
}

TEST(LinksWire, names_the_cards_there_are_when_one_is_missing) {
  HostInterface bridge{"br0", "bridge", false, {}, ""};
  EXPECT_EQ(refusal({bridge, card("eth0"), card("eth1")}, "eth0", "eth2"),
            "no_device: wire: there is no interface eth2; network cards of this host: eth0, eth1");
  EXPECT_EQ(refusal({bridge}, "eth0", "eth1"),
            "no_device: wire: there is no interface eth0; this host has no network card");
}

TEST(LinksWire, leaves_interfaces_in_use_alone) {
  HostInterface with_address = card("eth1");
  with_address.addresses = {"192.0.2.7", "2001:db8::7"};
  EXPECT_EQ(refusal({card("eth0"), with_address}, "eth0", "eth1"),
            "bad_input: wire: eth1 is in use: it has the address 192.0.2.7, 2001:db8::7; "
            "`ip addr flush dev eth1` frees it");
  HostInterface in_bond = card("eth1");
  in_bond.part_of = "bond0";
  EXPECT_EQ(refusal({card("eth0"), in_bond}, "eth1", "eth0"),
            "bad_input: wire: eth1 is in use: bond0 stands on it; take it out of bond0 first");
}

TEST(LinksWire, leaves_interfaces_of_software_alone) {
  HostInterface tap{"tap0", "tun", false, {}, ""};
  EXPECT_EQ(refusal({card("eth0"), tap}, "eth0", "tap0"),
            "bad_input: wire: tap0 is an interface of software, which ends with the namespace that it is moved to; "
            "network cards of this host: eth0; for a pair of software use the link veth");
}

TEST(LinksWire, is_hardware_only_between_real_cards) {
  const bool hypervisor = true;
  EXPECT_EQ(wire_substrate("ixgbe", "mlx5_core", !hypervisor), Substrate::hardware);
  EXPECT_EQ(wire_substrate("mlx5_core", "mlx5_core", hypervisor), Substrate::hardware);
  EXPECT_EQ(wire_substrate("e1000e", "e1000e", !hypervisor), Substrate::hardware);
  EXPECT_EQ(wire_substrate("e1000e", "e1000e", hypervisor), Substrate::emulated_device);
  EXPECT_EQ(wire_substrate("ixgbe", "virtio_net", !hypervisor), Substrate::emulated_device);
}

// On whatever machine this runs: such names are free everywhere.
TEST(LinksWire, refuses_before_it_touches_anything) {
  if (!test::in_own_process()) return;
  if (const Availability support = link_support(Link{"wire", "", {}}); !support.usable()) GTEST_SKIP() << support.cause;
  const auto made = make_link(Link{"wire", "xover_none+xover_other", {}});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::no_device);
  EXPECT_EQ(made.error().context, "there is no interface xover_none");
}

}  // namespace
}  // namespace xover
