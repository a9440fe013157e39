// Links that are made for a run: that they carry, and that the kernel gave what was asked for.
#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "harness/interfaces/interface_features.h"
#include "tests/unit/links_process.h"
#include "tests/unit/links_traffic.h"
#include "transports/common/sockets.h"

namespace xover {
namespace {

using Facts = std::map<std::string, std::string>;

Link link_of(const std::string& name, OptionText options = {}) { return {name, "", std::move(options)}; }

// Of these names alone.
Facts facts_of(const MadeLink& link, const std::vector<std::string>& names) {
  Facts chosen;
  for (const std::string& name : names) {
    const auto found = link.facts.find(name);
    chosen[name] = found == link.facts.end() ? "missing" : found->second;
  }
  return chosen;
}

std::string refusal_of(const Link& link) {
  const auto made = make_link(link);
  return made ? "made" : std::string(to_string(made.error().code)) + ": " + made.error().message();
}

void expect_carried(const MadeLink& link, IpVersion version) {
  constexpr std::size_t total_bytes = 1 << 20;
  const auto pair = test::connect_over(link, version);
  ASSERT_TRUE(pair) << pair.error().message();
  EXPECT_EQ(test::transfer(*pair, total_bytes).arrived_bytes, total_bytes);
}

class LinksMade : public testing::Test {
 protected:
  // False: the test is over, skipped or failed.
  bool make(const Link& link) {
    test::make_or_skip(link, link_);
    return !IsSkipped() && !HasFatalFailure();
  }

  MadeLink link_;
};

class MadeLinks : public LinksMade, public testing::WithParamInterface<std::string> {};
class LinksWithReceiver : public MadeLinks {};

TEST_P(LinksWithReceiver, carry_tcp_over_both_versions_of_ip) {
  if (!test::in_own_process() || !make(link_of(GetParam()))) return;
  expect_carried(link_, IpVersion::v4);
  if (link_.sender.ipv6.empty()) GTEST_SKIP() << "this system has turned IPv6 off";
  expect_carried(link_, IpVersion::v6);
}

TEST_P(LinksWithReceiver, have_a_loopback_of_their_own_at_each_end) {
  if (!test::in_own_process() || !make(link_of(GetParam()))) return;
  for (const FileDescriptor* end : {&link_.sender_net, &link_.receiver_net}) {
    MadeLink loopback;
    loopback.sender_net = FileDescriptor(dup(end->get()));
    loopback.receiver_net = FileDescriptor(dup(end->get()));
    expect_carried(loopback, IpVersion::v4);
  }
}

INSTANTIATE_TEST_SUITE_P(Links, LinksWithReceiver, testing::Values("veth", "veth_dma"));

TEST_P(MadeLinks, have_the_mtu_queues_and_offloads_that_were_asked_for) {
  if (!test::in_own_process()) return;
  if (!make(link_of(GetParam(), {{"mtu", "8000"}, {"queues", "2"}, {"offloads", "off"}}))) return;
  const Facts expected{{"mtu_bytes", "8000"}, {"tx_queues", "2"}, {"rx_queues", "2"},     {"tso", "off"},
                       {"gso", "off"},        {"gro", "off"},     {"tx_checksum", "off"}, {"scatter_gather", "off"}};
  EXPECT_EQ(
      facts_of(link_, {"mtu_bytes", "tx_queues", "rx_queues", "tso", "gso", "gro", "tx_checksum", "scatter_gather"}),
      expected);
  EXPECT_FALSE(link_.gathers);
}

TEST_P(MadeLinks, refuse_options_that_they_do_not_have) {
  if (!test::in_own_process()) return;
  if (const Availability support = link_support(link_of(GetParam())); !support.usable()) GTEST_SKIP() << support.cause;
  EXPECT_EQ(refusal_of(link_of(GetParam(), {{"mtu", "576"}})),
            "bad_input: option 'mtu' of " + GetParam() + ": '576' is out of range; it takes 1280 to 65535");
  EXPECT_NE(refusal_of(link_of(GetParam(), {{"queue", "2"}})).find("did you mean 'queues'"), std::string::npos);
  EXPECT_NE(refusal_of(link_of(GetParam(), {{"offloads", "on"}})).find("bad_input"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Links, MadeLinks, testing::Values("veth", "veth_dma", "ifb"));

TEST_F(LinksMade, veth_copies_all_that_zero_copy_sends_hand_over) {
  if (!test::in_own_process() || !make(link_of("veth"))) return;
  EXPECT_EQ(test::zerocopy_verdict_of(link_), "all copied");
}

TEST_F(LinksMade, veth_dma_takes_zero_copy_sends_without_a_copy_as_a_card_does) {
  if (!test::in_own_process() || !make(link_of("veth_dma"))) return;
  EXPECT_EQ(test::zerocopy_verdict_of(link_), "none copied");
  const Facts expected{{"driver", "veth"}, {"mtu_bytes", "9000"}, {"xdp", "none"}, {"receiver_xdp", "driver"}};
  EXPECT_EQ(facts_of(link_, {"driver", "mtu_bytes", "xdp", "receiver_xdp"}), expected);
  EXPECT_TRUE(link_.gathers);
}

// netdevice(7), linux/ethtool.h
bool turn_off(const std::string& interface, std::uint32_t command) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value off{command, 0};
  ifreq request{};
  interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_data = reinterpret_cast<char*>(&off);
  return ioctl(socket.get(), SIOCETHTOOL, &request) == 0;
}

// It would be believed otherwise: scatter-gather is on, and the kernel says "not copied" of what it copies.
TEST_F(LinksMade, a_device_that_computes_no_checksums_does_not_gather) {
  if (!test::in_own_process() || !make(link_of("veth_dma"))) return;
  ASSERT_TRUE(turn_off("xover0", ETHTOOL_STXCSUM));
  const auto socket = FeatureSocket::open();
  ASSERT_TRUE(socket) << socket.error().message();
  const auto features = socket->read("xover0");
  ASSERT_TRUE(features) << features.error().message();
  EXPECT_TRUE(features->scatter_gather);
  EXPECT_FALSE(features->tx_checksum);
  EXPECT_FALSE(features->gathers());
}

TEST_F(LinksMade, a_connection_has_segments_as_the_mtu_allows) {
  if (!test::in_own_process() || !make(link_of("veth", {{"mtu", "4000"}}))) return;
  const auto pair = test::connect_over(link_, IpVersion::v4);
  ASSERT_TRUE(pair) << pair.error().message();
  const int segment_bytes = get_option(pair->sender.get(), IPPROTO_TCP, TCP_MAXSEG);
  EXPECT_LE(segment_bytes, 4000 - 20 - 20);  // headers of IP and TCP
  EXPECT_GE(segment_bytes, 4000 - 60 - 60);  // with all options that fit into them
}

struct Arrived {
  std::uint64_t packets = 0, bytes = 0;
};

// What came to an interface's transmit function: ifb counts it as received (drivers/net/ifb.c).
Arrived arrived_at(const std::string& interface) {
  std::ifstream table("/proc/thread-self/net/dev");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string name;
    Arrived arrived;
    if (words >> name >> arrived.bytes >> arrived.packets && name == interface + ":") return arrived;
  }
  return {};
}

void expect_datagrams_sunk_without_a_copy(const MadeLink& link, IpVersion version) {
  constexpr std::size_t datagrams = 50, payload_bytes = 1400;
  static const std::vector<char> payload(payload_bytes, 'x');
  const Arrived before = arrived_at("xover0");
  const auto to = SocketAddress::of_host(link.receiver, version, 9);
  ASSERT_TRUE(to) << to.error().message();
  const auto socket = make_socket(version, SOCK_DGRAM);
  ASSERT_TRUE(socket) << socket.error().message();
  ASSERT_TRUE(set_option(socket->get(), SOL_SOCKET, SO_ZEROCOPY, 1, "SO_ZEROCOPY"));
  for (std::size_t count = 0; count < datagrams; ++count) {
    ASSERT_EQ(sendto(socket->get(), payload.data(), payload.size(), MSG_ZEROCOPY, to->data(), to->size()),
              static_cast<ssize_t>(payload.size()));
  }
  EXPECT_EQ(test::zerocopy_verdict(socket->get(), datagrams), "none copied");
  const Arrived after = arrived_at("xover0");
  EXPECT_GE(after.packets - before.packets, datagrams);
  EXPECT_GE(after.bytes - before.bytes, datagrams * payload_bytes);
}

TEST_F(LinksMade, ifb_takes_datagrams_without_a_copy_and_without_a_receiver) {
  if (!test::in_own_process() || !make(link_of("ifb"))) return;
  EXPECT_FALSE(link_.receiver_net);
  expect_datagrams_sunk_without_a_copy(link_, IpVersion::v4);
  if (link_.sender.ipv6.empty()) GTEST_SKIP() << "this system has turned IPv6 off";
  expect_datagrams_sunk_without_a_copy(link_, IpVersion::v6);
}

TEST_F(LinksMade, only_rows_that_are_made_can_be_made) {
  if (!test::in_own_process()) return;
  if (const Availability support = link_support(link_of("veth")); !support.usable()) GTEST_SKIP() << support.cause;
  EXPECT_EQ(refusal_of(link_of("lo")), "bad_input: make link: lo is not one that is made");
  EXPECT_EQ(refusal_of(link_of("none")), "bad_input: make link: none is not one that is made");
}

TEST(LinksAvailability, an_error_becomes_what_the_list_says) {
  const Availability forbidden = availability_of(Error{ErrorCode::not_permitted, 1, "unshare", "here", "run as root"});
  EXPECT_EQ(forbidden.status, Status::not_permitted);
  EXPECT_EQ(forbidden.cause, "unshare: here: Operation not permitted");
  EXPECT_EQ(forbidden.remedy, "run as root");
  EXPECT_EQ(availability_of(Error{ErrorCode::no_device, 0, "make", "", ""}).status, Status::no_device);
  EXPECT_EQ(availability_of(Error{ErrorCode::unsupported, 0, "make", "", ""}).status, Status::kernel_too_old);
}

}  // namespace
}  // namespace xover
