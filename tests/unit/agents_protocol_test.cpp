// What coordinator and agent tell each other arrives as it was, and nonsense is an error, not an exception.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"

namespace xover {
namespace {

using nlohmann::json;

SampleSpec some_spec() {
  SampleSpec spec;
  spec.variant = *parse_variant("tcp.send[ip=6,nodelay=off]@veth[mtu=9000]=mine");
  spec.point.workload = Workload::paced;
  spec.point.size_bytes = 1 << 20;
  spec.point.connections = 3;
  spec.point.late_ns = 5000;
  spec.point.congestion_control = "cubic";
  spec.point.mix = Mix::web;
  spec.point.cache = PageCache::cold;
  spec.point.directory = "/srv";
  spec.point.pages = PageKind::huge;
  spec.duration_ns = 300'000'000;
  spec.sender_address = {"198.18.0.1", "2001:2::1"};
  spec.receiver_address = {"198.18.0.2", ""};
  spec.has_receiver = spec.device_gathers = false;
  spec.sender_cores = {0, 2};
  spec.receiver_cores = {1};
  spec.soakers = true;
  return spec;
}

SideReport some_report() {
  SideReport report;
  report.messages = 12;
  report.bytes = 12u << 20;
  report.first_ns = 17;
  report.last_ns = 4711;
  for (std::uint64_t value : {100u, 200u, 90000u}) report.latency.record(value);
  report.ledger.complete(Handover::kernel_after_request, 12u << 20);
  report.cpu.source = CpuSource::tsc;
  report.cpu.worker_ns = 99;
  report.cpu.other_ns = 1;
  report.cpu.cycles = 257.5;
  report.copy_share.reason = "not asked for";
  report.counters["busy"] = 3;
  report.facts["congestion_control"] = "cubic";
  return report;
}

TEST(Protocol, ASpecArrivesAsItWas) {
  const SampleSpec sent = some_spec();
  const auto arrived = sample_spec_from_json(json::parse(to_json(sent).dump()));
  ASSERT_TRUE(arrived.has_value()) << arrived.error().message();
  EXPECT_EQ(arrived->variant, sent.variant);
  EXPECT_EQ(arrived->point, sent.point);
  EXPECT_EQ(arrived->duration_ns, sent.duration_ns);
  EXPECT_EQ(arrived->sender_address, sent.sender_address);
  EXPECT_EQ(arrived->receiver_address, sent.receiver_address);
  EXPECT_FALSE(arrived->has_receiver || arrived->device_gathers);
  EXPECT_EQ(arrived->sender_cores, sent.sender_cores);
  EXPECT_EQ(arrived->receiver_cores, sent.receiver_cores);
  EXPECT_TRUE(arrived->soakers);
}

TEST(Protocol, AReportArrivesAsItWas) {
  const SideReport sent = some_report();
  const auto arrived = side_report_from_json(json::parse(to_json(sent).dump()));
  ASSERT_TRUE(arrived.has_value()) << arrived.error().message();
  EXPECT_EQ(arrived->bytes, sent.bytes);
  EXPECT_EQ(arrived->last_ns, sent.last_ns);
  EXPECT_EQ(arrived->latency.count(), 3u);
  EXPECT_EQ(arrived->latency.max_ns(), 90000u);
  EXPECT_EQ(arrived->ledger[Handover::kernel_after_request], 12u << 20);
  EXPECT_TRUE(arrived->ledger.balanced());
  EXPECT_EQ(arrived->cpu.source, CpuSource::tsc);
  EXPECT_EQ(arrived->cpu.other_ns, sent.cpu.other_ns);
  EXPECT_FALSE(arrived->cpu.instructions.has_value());
  EXPECT_EQ(arrived->counters, sent.counters);
  EXPECT_EQ(arrived->facts, sent.facts);
}

TEST(Protocol, AMadeLinkArrivesWithoutItsDescriptors) {
  MadeLink made;
  made.sender = {"198.18.0.1", ""};
  made.substrate = Substrate::emulated_device;
  made.facts = {{"mtu_bytes", "9000"}};
  const auto arrived = made_link_from_json(json::parse(to_json(made).dump()));
  ASSERT_TRUE(arrived.has_value()) << arrived.error().message();
  EXPECT_EQ(arrived->link.sender, made.sender);
  EXPECT_EQ(arrived->link.substrate, made.substrate);
  EXPECT_EQ(arrived->link.facts, made.facts);
  EXPECT_FALSE(arrived->link.gathers);
  EXPECT_EQ(arrived->user_fd, -1);
}

TEST(Protocol, AnErrorKeepsItsWords) {
  const Error sent{ErrorCode::no_memory, 105, "sendmsg", "127.0.0.1:80", "raise net.core.optmem_max"};
  EXPECT_EQ(error_from_json(to_json(sent)).message(), sent.message());
}

TEST(Protocol, NonsenseIsAnError) {
  for (const char* text : {"{}", "[]", "null", "7", "\"x\"", R"({"variant":7})"}) {
    EXPECT_FALSE(sample_spec_from_json(json::parse(text)).has_value()) << text;
    EXPECT_FALSE(side_report_from_json(json::parse(text)).has_value()) << text;
    EXPECT_FALSE(availability_from_json(json::parse(text)).has_value()) << text;
    EXPECT_FALSE(link_from_json(json::parse(text)).has_value()) << text;
    EXPECT_FALSE(made_link_from_json(json::parse(text)).has_value()) << text;
    EXPECT_NE(error_from_json(json::parse(text)).code, ErrorCode::none) << text;
  }
  json spec = to_json(some_spec());
  spec["point"]["workload"] = 99;
  EXPECT_FALSE(sample_spec_from_json(spec).has_value()) << "a workload that does not exist";
}

TEST(Protocol, NumbersThatDoNotFitAreErrors) {
  for (const json& core : {json(6.6e36), json(1.5), json(-1), json(1ull << 40), json("1"), json(true)}) {
    json spec = to_json(some_spec());
    spec["sender_cores"] = json::array({core});
    EXPECT_FALSE(sample_spec_from_json(spec).has_value()) << core;
  }
}

}  // namespace
}  // namespace xover
