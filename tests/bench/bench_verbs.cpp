// RDMA and SDP over an RDMA device, both ends on this host, against the tools of others, in one interleaved run. Prints
// ratios with 95 % intervals. For the lab guest, whose speeds are emulated: only the ratios mean something, and they
// only for a soft device. No gate: in an emulator its readings would tell of the emulator.
//
//   bench_verbs DEVICE ADDRESS [--pairs N] [--only TEXT]
//
//   ./dev guest run --scenario rxe --timeout 1800s -- sh -c 'build/tests/bench/bench_verbs rxe0 $XOVER_OWN_ADDRESS'
//
// N pairs for each comparison, 15 by default; only those whose name holds TEXT: "ib_read_bw", "rsocket".
#include <cstdio>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "core/units.h"
#include "harness/agents/sample_runner.h"
#include "tests/bench/contest.h"
#include "tests/bench/peer_tools.h"
#include "tests/support/child_process.h"

namespace xover::bench {

namespace {

constexpr unsigned reads = 16;
constexpr std::uint32_t depth = 64;

struct Place {
  std::string device, address;
};

SampleSpec spec_on(const Place& place, const std::string& id, std::uint64_t size_bytes) {
  SampleSpec spec = stream_spec(fmt::format("{}@verbs:{}", id, place.device), size_bytes);
  spec.point.depth = depth;
  spec.point.wait = Wait::spin;
  return spec;
}

Contest against_ib_read_bw(AgentPair& agents, const Place& place) {
  const ReadRun run{.device = place.device,
                    .address = place.address,
                    .size_bytes = 64 << 10,
                    .reads = reads,
                    .sender_core = 0,
                    .receiver_core = 1};
  Contest contest;
  contest.name = fmt::format("rdma.read / ib_read_bw, {}, {} reads", format_size(run.size_bytes), reads);
  contest.figure = "Gbit/s";
  contest.ours = [&agents, spec = spec_on(place, fmt::format("rdma.read[reads={}]", reads), run.size_bytes)] {
    return xover_gbps(agents, spec);
  };
  contest.theirs = [run] { return ib_read_bw_gbps(run); };
  contest.target = {0.8, 0, 0};
  return contest;
}

Contest against_rsocket(AgentPair& agents, const Place& place, std::uint64_t size_bytes) {
  Contest contest;
  contest.name = fmt::format("sdp.auto / rsocket, {}", format_size(size_bytes));
  contest.figure = "Gbit/s";
  contest.ours = [&agents, spec = spec_on(place, "sdp.auto", size_bytes)] { return xover_gbps(agents, spec); };
  contest.theirs = [&agents, spec = spec_on(place, "rsocket", size_bytes)] { return xover_gbps(agents, spec); };
  contest.target = {0, 1, 0};
  return contest;
}

int run(const Place& place, std::size_t pairs, const std::string& only) {
  set_agent_program(test::xover_program());
  AgentPair agents(nullptr);
  std::vector<Contest> contests{against_ib_read_bw(agents, place)};
  for (const std::uint64_t size_bytes : {64u, 4096u, 1048576u})
    contests.push_back(against_rsocket(agents, place, size_bytes));
  std::mt19937 order(1);
  bool all_hold = true;
  fmt::print("{:<48} {:>8} {:>8}\n", "ours / theirs", "ours", "theirs");
  for (const Contest& contest : contests) {
    if (contest.name.find(only) == std::string::npos) continue;
    const auto held = run_contest(contest, pairs, order);
    if (!held) fmt::print("{}: {}\n", contest.name, held.error().message());
    all_hold = all_hold && held.value_or(false);
  }
  return all_hold ? 0 : 1;
}

}  // namespace

}  // namespace xover::bench

int main(int argument_count, char** arguments) {
  CLI::App app("RDMA and SDP over an RDMA device against ib_read_bw and rsockets, interleaved");
  xover::bench::Place place;
  std::size_t pairs = 15;
  std::string only;
  app.add_option("device", place.device, "an RDMA device of this host")->required();
  app.add_option("address", place.address, "an address of this host that leads to it")->required();
  app.add_option("--pairs", pairs, "pairs of each comparison");
  app.add_option("--only", only, "comparisons whose name holds this");
  CLI11_PARSE(app, argument_count, arguments);
  return xover::bench::run(place, pairs, only);
}
