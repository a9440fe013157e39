// dpdk.mbuf against a bare loop, and attaching memory against copying it: at two sizes of frame, and over the sizes
// between which the one overtakes the other.
#include "tests/bench/dpdk_contests.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/analysis/statistics.h"
#include "harness/experiment/plan_from.h"
#include "tests/bench/bare_dpdk.h"
#include "tests/bench/crossover_run.h"
#include "transports/dpdk/frame.h"

namespace xover::bench {

namespace {

constexpr std::uint32_t depth = 256;
constexpr std::size_t mbufs = 512;
constexpr std::uint64_t pool_bytes = 4 << 20;  // that the sender's messages cycle through, of both ways alike

SampleSpec dpdk_spec(const std::string& id, std::size_t mtu_bytes, std::uint64_t size_bytes) {
  SampleSpec spec = stream_spec(fmt::format("{}@ring[mtu={}]", id, mtu_bytes), size_bytes);
  spec.point.depth = depth;
  spec.point.pool_bytes = pool_bytes;
  spec.point.touch = Touch::read;
  spec.point.wait = Wait::spin;
  return spec;
}

// Both have as many mbufs with as much room.
Contest bare_contest(AgentPair& agents) {
  constexpr std::size_t mtu_bytes = 1500, room_bytes = mtu_bytes - packet_header_bytes, size_bytes = 64;
  SampleSpec spec = dpdk_spec("dpdk.mbuf", mtu_bytes, size_bytes);
  spec.point.pool_bytes = mbufs * room_bytes;
  const BareDpdkRun run{.payload_bytes = size_bytes,
                        .room_bytes = room_bytes,
                        .mbufs = mbufs,
                        .sender_core = 0,
                        .receiver_core = 1,
                        .warmup_ns = warmup_ns,
                        .duration_ns = sample_ns};
  Contest contest;
  contest.name = fmt::format("dpdk.mbuf / bare loop, ring, messages of {}", size_bytes);
  contest.figure = "Gbit/s";
  contest.ours = [&agents, spec] { return xover_gbps(agents, spec); };
  contest.theirs = [run] { return bare_dpdk_gbps(run); };
  contest.cores = {0, 1};
  contest.target = {0.7, 0, 0};
  return contest;
}

// Each message fills one frame.
Contest extbuf_contest(AgentPair& agents, std::size_t mtu_bytes) {
  const std::uint64_t size_bytes = mtu_bytes - packet_header_bytes;
  Contest contest;
  contest.name = fmt::format("dpdk.extbuf / dpdk.copy, ring, frames of {}", mtu_bytes);
  contest.figure = "Gbit/s";
  const auto figure_of = [&agents, mtu_bytes, size_bytes](const char* id) {
    return [&agents, spec = dpdk_spec(id, mtu_bytes, size_bytes)] { return xover_gbps(agents, spec); };
  };
  contest.ours = figure_of("dpdk.extbuf");
  contest.theirs = figure_of("dpdk.copy");
  contest.cores = {0, 1};
  contest.target = {1.3, 0, 0};
  return contest;
}

// The MTU holds the longest message in one frame.
Result<Plan> crossover_plan(std::size_t rounds) {
  constexpr const char* place = "bench_peers";
  std::vector<Placed> sizes;
  for (const char* size : {"64", "128", "256", "512", "1K", "2K", "4K", "8K"}) sizes.push_back({size, place});
  PlanText text;
  text.name = place;
  text.settings = {
      {"rounds", {std::to_string(rounds), place}}, {"duration", {"200ms", place}}, {"warmup", {"20ms", place}}};
  const std::string link = fmt::format("ring[mtu={}]", 8192 + packet_header_bytes);
  text.experiments.push_back({place,
                              {{"dpdk.copy", place}, {"dpdk.extbuf", place}},
                              {{"link", {{link, place}}},
                               {"size", sizes},
                               {"depth", {{std::to_string(depth), place}}},
                               {"pool", {{std::to_string(pool_bytes), place}}},
                               {"wait", {{"spin", place}}},
                               {"touch", {{"read", place}}}}});
  return make_plan(text);
}

}  // namespace

std::vector<Contest> dpdk_contests(AgentPair& agents) {
  return {bare_contest(agents), extbuf_contest(agents, 1500), extbuf_contest(agents, 4096)};
}

Result<std::vector<std::string>> dpdk_crossover(std::size_t rounds) {
  return crossover_plan(std::max(rounds, least_rounds_for_verdict)).and_then(measured_crossovers);
}

}  // namespace xover::bench
