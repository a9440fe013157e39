// Which interfaces the link `wire` takes: decided on facts, so that no interface of this machine is touched.
#include <gtest/gtest.h>

#include "harness/experiment/plan_from.h"
#include "harness/links/wire_check.h"
#include "tests/unit/links_process.h"

namespace xover {
namespace {

HostInterface card(const std::string& name) { return {name, "ixgbe", true, {}, "", false}; }

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
  HostInterface bridge{"br0", "bridge", false, {}, "", true};
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
            "use a card that carries no traffic, or take the address away if nobody needs it");
  HostInterface in_bond = card("eth1");
  in_bond.part_of = "bond0";
  EXPECT_EQ(refusal({card("eth0"), in_bond}, "eth1", "eth0"),
            "bad_input: wire: eth1 is in use: bond0 stands on it; "
            "use a card that carries no traffic, or take it out of bond0 if nobody needs it");
}

// One without an address may carry a tunnel, a capture, or somebody's lease that is on its way.
TEST(LinksWire, leaves_interfaces_that_are_up_alone) {
  HostInterface up = card("eth1");
  up.up = true;
  EXPECT_EQ(refusal({card("eth0"), up}, "eth0", "eth1"),
            "bad_input: wire: eth1 is up; use a card that carries no traffic; "
            "`ip link set dev eth1 down` gives this one to xover, if it carries no traffic of yours");
  EXPECT_NE(refusal({card("eth0"), up}, "eth1", "eth0"), "none");
}

TEST(LinksWire, leaves_the_mtu_as_it_is_or_sets_one_that_carries_ipv6) {
  for (const std::uint32_t mtu_bytes : {0, 1280, 9000}) EXPECT_TRUE(check_wire_mtu(mtu_bytes)) << mtu_bytes;
  const auto small = check_wire_mtu(1279);
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().message(),
            "wire: mtu=1279 is too small for IPv6; use 1280 or more, or 0 for the MTU that the cards have");
}

TEST(LinksWire, says_to_an_ordinary_user_that_he_may_not_before_it_looks_for_cards) {
  if (!test::in_own_process()) return;
  if (link_support(Link{"wire", "", {}}).status == Status::not_built) GTEST_SKIP() << "built without libnl-route";
  ASSERT_TRUE(test::become_ordinary_user());
  const Link link{"wire", "xover_none+xover_other", {}};
  const Availability support = link_support(link);
  EXPECT_EQ(support.status, Status::not_permitted);
  EXPECT_EQ(support.cause, "wire moves interfaces of the host, which a user namespace does not permit");
  EXPECT_EQ(support.remedy, "run as root");
  const auto made = make_link(link);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::not_permitted);
  EXPECT_EQ(made.error().context, support.cause);
}

TEST(LinksWire, leaves_interfaces_of_software_alone) {
  HostInterface tap{"tap0", "tun", false, {}, "", false};
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

std::string refusal_of_plan(std::initializer_list<const char*> links) {
  ExperimentText experiment{"here", {{"tcp.send", "--transports"}}, {}};
  for (const char* link : links) experiment.axes["link"].push_back({link, "--links"});
  const auto plan = make_plan({"test", {}, {experiment}});
  return plan ? "none" : std::string(to_string(plan.error().code)) + ": " + plan.error().message();
}

TEST(LinksWire, has_a_card_on_one_link_of_a_run_only) {
  EXPECT_EQ(refusal_of_plan({"wire:eth0+eth1", "wire:eth2+eth3", "veth", "veth[mtu=9000]"}), "none");
  EXPECT_EQ(refusal_of_plan({"wire:eth0+eth1", "wire:eth0+eth1[offloads=off]"}),
            "bad_input: --links: wire:eth0+eth1 and wire:eth0+eth1[offloads=off]: "
            "one run can hold the cards eth0 and eth1 on one link only; make two runs");
  EXPECT_NE(refusal_of_plan({"wire:eth0+eth1", "wire:eth1+eth0"}).find("the cards eth1 and eth0"), std::string::npos);
  EXPECT_NE(refusal_of_plan({"wire:eth0+eth1", "wire:eth1+eth2"}).find("the card eth1 on"), std::string::npos);
}

TEST(LinksWire, has_a_card_on_one_link_of_a_run_only_across_experiments) {
  ExperimentText first{"first", {{"tcp.send@wire:eth0+eth1", "1"}}, {}};
  ExperimentText second{"second", {{"tcp.sendmsg@wire:eth1+eth0", "2"}}, {}};
  EXPECT_TRUE(make_plan({"test", {}, {first}}));
  const auto plan = make_plan({"test", {}, {first, second}});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().message(),
            "second: wire:eth0+eth1 and wire:eth1+eth0: one run can hold the cards eth1 and eth0 on one link only; "
            "make two runs");
}

TEST(LinksWire, is_refused_with_one_card_before_a_run_begins) {
  EXPECT_EQ(refusal_of_plan({"wire:eth0"}),
            "bad_input: --links: \"eth0\" does not name two interfaces; "
            "write wire:A+B, the sender's interface and the receiver's");
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
