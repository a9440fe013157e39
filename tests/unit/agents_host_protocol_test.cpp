// What is asked of a host and what it answers survive the way; what does not fit is refused.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/agents/host_protocol.h"

namespace xover {
namespace {

using nlohmann::json;

TEST(HostProtocol, AnAccountComesBackAsItWas) {
  HostAccount account;
  account.environment.facts = {{"kernel", "Linux 6.18"}};
  account.interface = "eth0";
  account.interface_facts = {{"driver", "veth"}, {"mtu_bytes", "1500"}};
  account.addresses = {"192.0.2.1", "2001:db8::1"};
  account.substrate = Substrate::emulated_device;
  account.gathers = true;
  const auto read = host_account_from_json(to_json(account));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read), to_json(account));
  EXPECT_EQ(read->substrate, Substrate::emulated_device);
  EXPECT_EQ(read->addresses, account.addresses);
}

TEST(HostProtocol, APlacementComesBackAsItWas) {
  const EndPlacement wanted{Placement::rx_same_l3, 4, 1, Wait::spin, LinkRole::receiver, "eth0", RxQueues::spread};
  const auto read = end_placement_from_json(to_json(wanted));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read), to_json(wanted));
  const CoreMap map{{1, 2}, {3}, true, "auto"};
  const auto cores = core_map_from_json(to_json(map));
  ASSERT_TRUE(cores) << cores.error().message();
  EXPECT_EQ(to_json(*cores), to_json(map));
}

TEST(HostProtocol, PortsComeBackAsTheyWere) {
  WantedPorts wanted{.source = "192.0.2.1", .destination = "192.0.2.2", .destination_ports = {7, 8}, .udp = true};
  wanted.choice = QueueChoice::one;
  wanted.range = {100, 200};
  wanted.seed = UINT64_MAX;
  const auto read = wanted_ports_from_json(to_json(wanted));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json(*read), to_json(wanted));
  const SourcePorts ports{{20000, 20001}, {0, 3}};
  const auto chosen = source_ports_from_json(to_json(ports));
  ASSERT_TRUE(chosen) << chosen.error().message();
  EXPECT_EQ(to_json(*chosen), to_json(ports));
}

TEST(HostProtocol, WhatDoesNotFitIsRefused) {
  const json good = to_json(EndPlacement{});
  for (const char* member : {"placement", "connections", "wait", "end", "rx_queues"}) {
    for (const json& bad : {json(-1), json(1'000'000), json("text"), json(nullptr), json(1.5), json::array()}) {
      json changed = good;
      changed[member] = bad;
      EXPECT_FALSE(end_placement_from_json(changed)) << member << " " << bad;
    }
    json without = good;
    without.erase(member);
    EXPECT_FALSE(end_placement_from_json(without)) << member;
  }
  EXPECT_FALSE(host_account_from_json(json::array()));
  EXPECT_FALSE(gate_verdict_from_json(json()));
  EXPECT_FALSE(source_ports_from_json({{"ports", {65536}}, {"queues", json::array()}}));
}

}  // namespace
}  // namespace xover
