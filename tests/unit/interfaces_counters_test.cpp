// Counters of made-up interfaces and TCPs, and that those of lo count what goes over it.
#include "harness/interfaces/interface_counters.h"

#include <gtest/gtest.h>

#include <vector>

#include "harness/interfaces/pause_frames.h"
#include "tests/unit/interfaces_tree.h"
#include "tests/unit/links_traffic.h"
#include "transports/common/sockets.h"

namespace xover {
namespace {

using test::MadeUpTree;
using Values = std::map<std::string, std::uint64_t>;

MadeUpTree& with_counters(MadeUpTree& tree) {
  tree.write("sys/class/net/no_such_card/statistics/rx_bytes", "1000");
  tree.write("sys/class/net/no_such_card/statistics/tx_dropped", "3");
  tree.write("sys/class/net/no_such_card/statistics/rx_missed_errors", "5");
  tree.write("sys/class/net/no_such_card/carrier_changes", "2");
  tree.write("proc/net/snmp",
             "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
             "Tcp: RtoAlgorithm MaxConn InSegs OutSegs RetransSegs\nTcp: 1 -1 70 80 9\n"
             "Udp: InDatagrams\nUdp: 4");
  tree.write("proc/net/netstat", "TcpExt: ListenDrops TCPTimeouts\nTcpExt: 6 7\nIpExt: InOctets\nIpExt: 8");
  return tree;
}

TEST(InterfaceCounters, have_the_names_of_the_interface_and_of_the_host) {
  MadeUpTree tree;
  const auto counters = read_interface_counters("no_such_card", with_counters(tree).tree());
  ASSERT_TRUE(counters) << counters.error().message();
  EXPECT_EQ(counters->values, (Values{{"interface_rx_bytes", 1000},
                                      {"interface_tx_dropped_packets", 3},
                                      {"interface_rx_missed_packets", 5},
                                      {"interface_carrier_changes", 2},
                                      {"host_tcp_sent_segments", 80},
                                      {"host_tcp_retransmitted_segments", 9},
                                      {"host_tcp_timeouts", 7},
                                      {"host_tcp_listen_drops", 6}}));
}

TEST(InterfaceCounters, of_a_round_are_the_difference) {
  const InterfaceCounters before{{{"a", 10}, {"b", 5}, {"gone", 1}, {"began_anew", 100}}};
  const InterfaceCounters after{{{"a", 17}, {"b", 5}, {"came", 1}, {"began_anew", 3}}};
  EXPECT_EQ(after.since(before).values, (Values{{"a", 7}, {"b", 0}}));
}

TEST(InterfaceCounters, of_no_interface_are_refused) {
  const MadeUpTree tree;
  const auto counters = read_interface_counters("eth0", tree.tree());
  ASSERT_FALSE(counters);
  EXPECT_EQ(counters.error().code, ErrorCode::no_device);
  EXPECT_FALSE(read_interface_counters("no_such_card"));
}

TEST(PauseFrames, have_another_name_with_each_driver) {
  EXPECT_EQ(pause_frames({{"rx_pause", 4}, {"tx_pause", 5}}).rx, 4U);
  EXPECT_EQ(pause_frames({{"rx_pause", 4}, {"tx_pause", 5}}).tx, 5U);
  EXPECT_EQ(pause_frames({{"rx_flow_control_xon", 2}, {"rx_flow_control_xoff", 3}}).rx, 5U);
  EXPECT_EQ(pause_frames({{"port.link_xon_tx", 2}, {"port.link_xoff_tx", 3}}).tx, 5U);
  EXPECT_EQ(pause_frames({{"rx_pause_ctrl_phy", 9}, {"rx_global_pause", 9}}).rx, 9U) << "the same frames twice";
  EXPECT_FALSE(pause_frames({{"rx_bytes", 9}}).rx);
  EXPECT_FALSE(pause_frames({{"", 9}}).tx);
  EXPECT_TRUE(counts_pause_frames("rx_flow_control_xon"));
  EXPECT_FALSE(counts_pause_frames("rx_bytes"));
  EXPECT_FALSE(counts_pause_frames(""));
}

TEST(InterfaceCounters, of_lo_count_what_goes_over_it) {
  const auto before = read_interface_counters("lo");
  if (!before) GTEST_SKIP() << before.error().message();  // a /sys of another network namespace
  constexpr std::size_t total_bytes = 1 << 20;
  const auto listener = make_socket(IpVersion::v4, SOCK_DGRAM);
  ASSERT_TRUE(listener);
  const auto own = SocketAddress::of_host({}, IpVersion::v4);
  ASSERT_TRUE(bind_to(listener->get(), *own));
  const auto bound = SocketAddress::local_of(listener->get());
  const std::vector<char> datagram(32 << 10);
  for (std::size_t sent = 0; sent < total_bytes; sent += datagram.size()) {
    ASSERT_EQ(sendto(listener->get(), datagram.data(), datagram.size(), 0, bound->data(), bound->size()),
              static_cast<ssize_t>(datagram.size()));
  }
  const auto after = read_interface_counters("lo");
  ASSERT_TRUE(after) << after.error().message();
  const InterfaceCounters counted = after->since(*before);
  EXPECT_GE(counted.values.at("interface_tx_bytes"), total_bytes);
  EXPECT_GE(counted.values.at("interface_rx_packets"), total_bytes / datagram.size());
  EXPECT_TRUE(counted.values.contains("host_tcp_retransmitted_segments"));
}

}  // namespace
}  // namespace xover
