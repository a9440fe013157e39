// From text to plan: products, wildcards, links, names, layers, and the combinations that are refused.
#include "harness/experiment/plan_from.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/transport.h"
#include "harness/experiment/variants_at.h"

namespace xover {
namespace {

std::vector<Placed> placed(std::initializer_list<const char*> texts, const std::string& place) {
  std::vector<Placed> all;
  for (const char* text : texts) all.push_back({text, place});
  return all;
}

PlanText text_of(std::initializer_list<const char*> transports) {
  return {"test", {}, {{"here", placed(transports, "transports"), {}}}};
}

PlanText with_axis(PlanText text, const std::string& axis, std::initializer_list<const char*> values) {
  text.experiments.front().axes[axis] = placed(values, axis);
  return text;
}

std::string error_of(const PlanText& text) {
  const auto plan = make_plan(text);
  EXPECT_FALSE(plan);
  if (plan) return {};
  EXPECT_EQ(plan.error().code, ErrorCode::bad_input);
  return plan.error().message();
}

void expect_error(const PlanText& text, std::initializer_list<const char*> parts) {
  const std::string message = error_of(text);
  for (const char* part : parts) EXPECT_NE(message.find(part), std::string::npos) << message << " lacks " << part;
}

TEST(Plan, IsTheProductOfAllListsWithSizesFastest) {
  const auto plan =
      make_plan(with_axis(with_axis(text_of({"tcp.send"}), "size", {"4K", "64K"}), "connections", {"1", "2"}));
  ASSERT_TRUE(plan) << plan.error().message();
  std::vector<std::pair<unsigned, std::uint64_t>> points;
  for (const PlannedPoint& planned : plan->points) {
    points.emplace_back(planned.point.connections, planned.point.size_bytes);
  }
  EXPECT_EQ(points, (std::vector<std::pair<unsigned, std::uint64_t>>{{1, 4096}, {1, 65536}, {2, 4096}, {2, 65536}}));
}

TEST(Plan, ExpandsWildcards) {
  const auto plan = make_plan(text_of({"tcp.*"}));
  ASSERT_TRUE(plan) << plan.error().message();
  ASSERT_GE(plan->points.front().variants.size(), 3u);
  for (const Variant& variant : plan->points.front().variants) {
    EXPECT_TRUE(variant.id.starts_with("tcp."));
    EXPECT_NE(find_transport(variant.id), nullptr) << variant.id;
  }
}

TEST(Plan, NamesTheNearestTransport) {
  expect_error(text_of({"tcp.sendmgs"}), {"transports", "'tcp.sendmsg'"});
  expect_error(text_of({"tpc.*"}), {"transports", "'tpc.*'"});
}

TEST(Plan, GivesEachTransportItsOwnLinkUnlessOneIsAskedFor) {
  const auto plan = make_plan(text_of({"null", "tcp.send"}));
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->points.front().variants[0].link.name, "sink");
  EXPECT_EQ(plan->points.front().variants[1].link.name, "lo");
}

TEST(Plan, NeverMovesATransportToAnotherLink) {
  expect_error(with_axis(text_of({"tcp.send", "null"}), "link", {"lo"}), {"null does not run on link lo", "null@sink"});
  EXPECT_TRUE(make_plan(with_axis(text_of({"tcp.send", "null@sink"}), "link", {"lo"})));
  expect_error(text_of({"tcp.send@l0"}), {"no link 'l0'", "'lo'"});
}

TEST(Plan, PassesCongestionControlToThoseThatHaveIt) {
  const auto plan = make_plan(with_axis(text_of({"tcp.send", "tcp.sendmsg[congestion_control=reno]", "null"}),
                                        "congestion_control", {"cubic"}));
  ASSERT_TRUE(plan) << plan.error().message();
  const auto& [point, variants] = plan->points.front();
  EXPECT_EQ(options_at(variants[0], point)->choice("congestion_control"), "cubic");
  EXPECT_EQ(variants[0].name(), "tcp.send") << "what the whole point shares is no part of a name";
  EXPECT_EQ(options_at(variants[1], point)->choice("congestion_control"), "reno");
  EXPECT_TRUE(options_at(variants[2], point)) << "null has no such option";
}

TEST(Plan, LeavesOptionsOfTcpToTcp) {
  Point point;
  point.workload = Workload::pingpong;
  point.congestion_control = "cubic";
  const auto over_tcp = options_at(*parse_variant("uring.send"), point);
  ASSERT_TRUE(over_tcp);
  EXPECT_EQ(over_tcp->choice("congestion_control"), "cubic");
  EXPECT_TRUE(over_tcp->boolean("nodelay"));
  const auto over_udp = options_at(*parse_variant("uring.send[protocol=udp]"), point);
  ASSERT_TRUE(over_udp);
  EXPECT_EQ(over_udp->choice("congestion_control"), "system");
  EXPECT_FALSE(over_udp->boolean("nodelay"));
}

TEST(Plan, RefusesTheSameTransportTwiceUnlessLabelsDiffer) {
  expect_error(text_of({"tcp.send", "tcp.send"}), {"there twice", "tcp.send@lo=a"});
  expect_error(text_of({"tcp.send", "tcp.*"}), {"there twice"});
  expect_error(text_of({"tcp.send@lo=a", "tcp.sendmsg@lo=a"}), {"there twice"});
  const auto plan = make_plan(text_of({"tcp.send@lo=a", "tcp.send@lo=b"}));
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->points.front().variants[1].name(), "b");
}

TEST(Plan, RefusesOptionsThatATransportLacks) {
  expect_error(text_of({"tcp.send[congestion_contrl=cubic]"}), {"transports", "congestion_control"});
}

TEST(Plan, RefusesImpossibleCombinations) {
  expect_error(with_axis(text_of({"udp.send"}), "size", {"65508"}), {"size", "udp.send", "65507"});
  expect_error(with_axis(text_of({"udp.send"}), "size", {"4"}), {"size", "udp.send"});
  expect_error(with_axis(with_axis(text_of({"tcp.send"}), "size", {"4"}), "fields", {"8"}), {"fields", "split"});
  expect_error(with_axis(with_axis(text_of({"tcp.send"}), "wait", {"spin"}), "placement", {"same_core"}),
               {"wait", "same_core"});
  expect_error(with_axis(text_of({"null"}), "workload", {"pingpong"}), {"workload", "no receiver"});
  expect_error(with_axis(text_of({"tcp.sendfile"}), "memory", {"foreign"}), {"memory", "sends files", "arena"});
  expect_error(with_axis(with_axis(text_of({"tcp.send"}), "size", {"1G"}), "connections", {"64"}),
               {"size", "too much memory"});
  const PlanText deep = with_axis(with_axis(text_of({"udp.send"}), "size", {"60000"}), "depth", {"4096"});
  expect_error(with_axis(deep, "connections", {"64"}), {"depth", "too much memory"});
}

TEST(Plan, RefusesWhatCannotReachNobody) {
  expect_error(text_of({"uring.send@ifb"}),
               {"link ifb has no receiver and TCP cannot connect to nobody", "uring.send[protocol=udp]@ifb"});
  expect_error(text_of({"uring.send_zc[protocol=tcp]@ifb"}), {"cannot connect to nobody"});
  expect_error(text_of({"tcp.send@ifb"}), {"tcp.send does not run on link ifb", "veth_dma"});
  for (const char* workload : {"pingpong", "fanout"}) {
    expect_error(with_axis(text_of({"udp.send@ifb"}), "workload", {workload}), {"workload", "no receiver"});
  }
  EXPECT_TRUE(
      make_plan(with_axis(text_of({"udp.zerocopy@ifb", "uring.send[protocol=udp]@ifb", "null"}), "size", {"1K"})));
}

TEST(Plan, RefusesSegmentsThatTheLinkCannotCarry) {
  expect_error(text_of({"udp.send[gso=1473]@ifb"}), {"gso=1473", "mtu 1500", "gso=1472 or less", "ifb[mtu=1501]"});
  expect_error(text_of({"udp.send[gso=1453,ip=6]@ifb"}), {"gso=1453", "mtu 1500", "gso=1452 or less"});
  expect_error(text_of({"uring.send_zc[gso=8973,protocol=udp]@veth_dma"}), {"gso=8973", "mtu 9000"});
  EXPECT_TRUE(make_plan(with_axis(text_of({"udp.send[gso=1472]@ifb", "udp.zerocopy[gso=4000]@ifb[mtu=9000]",
                                           "udp.send[gso=9000]@lo", "uring.send[protocol=udp]@veth"}),
                                  "size", {"58880"})));
  // 64 segments at most: UDP_MAX_SEGMENTS of older kernels.
  const PlanText small_segments = with_axis(text_of({"udp.send[gso=1000]@ifb"}), "size", {"64000"});
  EXPECT_TRUE(make_plan(small_segments));
  expect_error(with_axis(text_of({"udp.send[gso=1000]@ifb"}), "size", {"64001"}), {"size", "8 to 64000 bytes"});
}

// Of DPDK, whatever of it can run here.
PlanText spinning(const char* transport) { return with_axis(text_of({transport}), "wait", {"spin"}); }

TEST(Plan, TakesBypassWithBothEndsNamed) {
  for (const char* transport : {"dpdk.copy@ring", "dpdk.mbuf@ring[mtu=9000]", "dpdk.extbuf@memif",
                                "dpdk.copy@af_packet:eth0+eth1", "dpdk.copy@pci:0000:01:00.0+02:00.0"}) {
    const auto plan = make_plan(spinning(transport));
    EXPECT_TRUE(plan) << plan.error().message();
  }
}

TEST(Plan, RefusesDevicesOfWhichOneIsMissing) {
  expect_error(spinning("dpdk.copy@af_packet"), {"af_packet", "behind a colon"});
  expect_error(spinning("dpdk.copy@af_packet:eth0"), {"'af_packet:eth0'", "af_packet:eth0+eth1"});
  expect_error(spinning("dpdk.copy@af_xdp:eth0+eth0"), {"both ends are eth0"});
  expect_error(spinning("dpdk.copy@pci:eth0+eth1"), {"PCI address", "vfio-pci"});
}

TEST(Plan, RefusesSeveralSessionsOnOneDevice) {
  for (const char* workload : {"stream", "fanout"}) {
    const PlanText text = with_axis(spinning("dpdk.copy@af_packet:eth0+eth1"), "workload", {workload});
    EXPECT_TRUE(make_plan(text)) << workload;
    expect_error(with_axis(text, "connections", {"2"}), {"2 connections", "one session drives a device"});
  }
  EXPECT_TRUE(make_plan(with_axis(spinning("dpdk.copy@ring"), "connections", {"2"})));
}

TEST(Plan, RefusesMoreConnectionsThanDpdkHasPortsFor) {
  EXPECT_TRUE(make_plan(with_axis(spinning("dpdk.copy@ring"), "connections", {"16"})));
  expect_error(with_axis(spinning("dpdk.copy@ring"), "connections", {"17"}),
               {"17 connections on link ring", "32 ports", "connections 16 or fewer"});
  EXPECT_TRUE(make_plan(with_axis(spinning("dpdk.copy@memif"), "connections", {"31"})));
  expect_error(with_axis(spinning("dpdk.copy@memif"), "connections", {"32"}),
               {"32 connections on link memif", "connections 31 or fewer"});
}

TEST(Plan, RefusesACardOnTwoLinksOfDpdk) {
  PlanText text =
      with_axis(text_of({"dpdk.copy@pci:01:00.0+02:00.0", "dpdk.mbuf@pci:01:00.0+02:00.0"}), "wait", {"spin"});
  EXPECT_TRUE(make_plan(text));
  text = with_axis(text_of({"dpdk.copy@pci:01:00.0+02:00.0", "dpdk.copy@pci:0000:02:00.0+03:00.0"}), "wait", {"spin"});
  expect_error(text, {"the card 0000:02:00.0 on one link only", "make two runs"});
}

TEST(Plan, RefusesFiguresOfBytesThatNobodyReads) {
  expect_error(with_axis(spinning("dpdk.mbuf@ring"), "touch", {"none"}),
               {"dpdk.mbuf", "passing pointers is not moving data", "touch read or verify"});
  EXPECT_TRUE(make_plan(with_axis(spinning("dpdk.mbuf@ring"), "touch", {"verify"})));
}

TEST(Plan, RefusesToSleepOnARing) {
  expect_error(with_axis(text_of({"dpdk.mbuf@ring"}), "wait", {"block"}), {"no interrupt", "wait spin"});
}

TEST(Plan, KnowsWhichVariantsNeedOneProcess) {
  const auto needs = [](const char* text) { return needs_one_process(parse_variant(text).value()); };
  EXPECT_TRUE(needs("inproc@local"));
  EXPECT_TRUE(needs("dpdk.copy@ring"));
  EXPECT_FALSE(needs("dpdk.copy@memif"));
  EXPECT_FALSE(needs("tcp.send@lo"));
  EXPECT_FALSE(needs("rdma.send@local"));
  EXPECT_FALSE(needs("rdma.send@local[ends=processes]"));
  EXPECT_TRUE(needs("rdma.send@local[ends=threads]"));
  EXPECT_TRUE(needs("sdp.bcopy@simulated"));
  EXPECT_FALSE(needs("sdp.bcopy@verbs:rxe0"));
}

TEST(Plan, TakesAnRdmaDeviceWithOrWithoutItsName) {
  for (const char* transport : {"rdma.send@verbs", "sdp.read_zcopy@verbs:rxe0", "rsocket@verbs:mlx5_0"}) {
    const auto plan = make_plan(text_of({transport}));
    EXPECT_TRUE(plan) << plan.error().message();
  }
  expect_error(text_of({"rdma.send@local:rxe0"}), {"link local takes nothing behind a colon"});
}

TEST(Plan, RefusesWhatAVirtualClockCannotDrive) {
  const char* const simulated = "sdp.bcopy@simulated";
  EXPECT_TRUE(make_plan(spinning(simulated)));
  EXPECT_TRUE(make_plan(with_axis(spinning(simulated), "workload", {"pingpong"})));
  for (const char* workload : {"paced", "fanout"})
    expect_error(with_axis(spinning(simulated), "workload", {workload}), {"workload", "virtual clock", "pingpong"});
  expect_error(with_axis(text_of({simulated}), "wait", {"block"}), {"nobody sleeps on a virtual clock", "wait spin"});
  expect_error(with_axis(spinning(simulated), "late", {"1ms"}), {"late", "virtual clock"});
  expect_error(with_axis(text_of({"sdp.bcopy@simulated[sede=2]"}), "wait", {"spin"}), {"'seed'"});
}

TEST(Plan, RefusesHugePagesOfFiles) {
  expect_error(with_axis(text_of({"tcp.sendfile"}), "pages", {"huge"}), {"pages", "sends files", "system or small"});
  expect_error(with_axis(with_axis(text_of({"tcp.sendfile"}), "pages", {"small"}), "workload", {"file"}),
               {"pages", "bytes come from files"});
  EXPECT_TRUE(make_plan(with_axis(text_of({"tcp.sendfile"}), "pages", {"small"})));
  EXPECT_TRUE(make_plan(with_axis(text_of({"tcp.send", "null"}), "pages", {"huge"})));
}

// One pool for all of a fanout's receivers, one set of files for all clients.
TEST(Plan, CountsSharedMemoryOnce) {
  const auto shared = [](const char* transport, const char* workload) {
    return make_plan(with_axis(with_axis(with_axis(text_of({transport}), "workload", {workload}), "pool", {"1G"}),
                               "connections", {"64"}));
  };
  EXPECT_FALSE(shared("tcp.send", "stream").has_value());
  EXPECT_TRUE(shared("tcp.send", "fanout").has_value());
  EXPECT_TRUE(shared("tcp.sendfile", "file").has_value());
}

TEST(Plan, RefusesAValueTwice) {
  expect_error(with_axis(text_of({"tcp.send"}), "size", {"4K", "4096"}), {"size 4K is there twice"});
}

TEST(Plan, BoundsTheNumberOfPoints) {
  PlanText text = text_of({"tcp.send"});
  for (const char* axis : {"size", "rate", "depth"}) {
    for (int i = 1; i <= 50; ++i) text.experiments.front().axes[axis].push_back({std::to_string(i), axis});
  }
  expect_error(text, {"more than 10000 points"});
}

TEST(Plan, MeasuresAPointThatTwoExperimentsShareOnce) {
  PlanText text = text_of({"tcp.send"});
  text.experiments.push_back(text.experiments.front());
  const auto plan = make_plan(text);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->points.size(), 1u);
}

TEST(Plan, LetsFlagsWinOverFiles) {
  PlanText text = with_axis(with_axis(text_of({"tcp.send"}), "size", {"4K", "64K"}), "fields", {"8"});
  text.settings = {{"rounds", {"10", "file"}}, {"max_rounds", {"40", "file"}}};
  PlanText flags{"", {{"rounds", {"6", "--rounds"}}}, {{"command line", placed({"null"}, "--transports"), {}}}};
  flags.experiments.front().axes["size"] = placed({"1K"}, "--size");
  override_with(text, flags);
  const auto plan = make_plan(text);
  ASSERT_TRUE(plan) << plan.error().message();
  ASSERT_EQ(plan->points.size(), 1u);
  EXPECT_EQ(plan->points.front().point.size_bytes, 1024u);
  EXPECT_EQ(plan->points.front().point.fields, 8u) << "what flags do not mention stays";
  EXPECT_EQ(plan->points.front().variants.front().id, "null");
  EXPECT_EQ(plan->max_rounds, 6u);
}

TEST(Plan, NeverRestartsMoreOftenThanItHasRounds) {
  PlanText text = text_of({"tcp.send"});
  text.settings = {{"rounds", {"1", "--rounds"}}};
  const auto plan = make_plan(text);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->restarts, 1u);
}

TEST(Plan, WantsTransports) { expect_error(PlanText{"test", {}, {{"here", {}, {}}}}, {"here", "no transports"}); }

}  // namespace
}  // namespace xover
