// xover against the tools that people use today, and against a bare io_uring loop, in one interleaved run: same cores,
// same message size, one field, payload untouched on both sides, each pair between two readings of the gate. Prints
// ratios with 95 % intervals.
//
//   bench_peers [--pairs N]      N accepted pairs for each comparison, 15 by default
//
// Needs iperf3, sockperf and qperf; as root it makes a network namespace of its own.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "core/units.h"
#include "harness/agents/sample_runner.h"
#include "harness/analysis/statistics.h"
#include "harness/measurement/round_gate.h"
#include "tests/bench/bare_uring.h"
#include "tests/bench/peer_tools.h"
#include "tests/support/child_process.h"

namespace xover::bench {

namespace {

constexpr std::int64_t sample_ns = 1'000'000'000;  // as long as the tools, whose shortest run is a second
constexpr std::int64_t warmup_ns = 50'000'000;
constexpr std::uint64_t socket_bytes = 4 << 20;  // what a tuned loopback connection may have on its way

struct Target {
  double least_low = 0, least_median = 0, greatest_high = 0;  // 0: not asked for
};

struct Contest {
  std::string name, figure;
  std::function<Result<double>()> ours, theirs;  // the ratio is ours / theirs
  std::vector<unsigned> cores;
  Target target;
};

SampleSpec stream_spec(std::uint64_t size_bytes, const std::string& congestion_control,
                       const char* transport = "tcp.send@lo") {
  SampleSpec spec;
  spec.variant = *parse_variant(transport);
  spec.variant.options["congestion_control"] = congestion_control;
  spec.point.size_bytes = size_bytes;
  spec.point.pool_bytes = size_bytes;  // one hot buffer, as the tools have
  spec.point.touch = Touch::none;
  spec.warmup_ns = warmup_ns;
  spec.duration_ns = sample_ns;
  spec.sender_cores = {0};
  spec.receiver_cores = {1};
  return spec;
}

SampleSpec pingpong_spec(const PeerRun& run, const std::string& congestion_control) {
  SampleSpec spec = stream_spec(run.size_bytes, congestion_control);
  spec.variant.options["nodelay"] = "on";  // as sockperf does
  spec.point.workload = Workload::pingpong;
  spec.point.wait = run.polling ? Wait::spin : Wait::block;
  spec.sender_cores = {run.sender_core};
  spec.receiver_cores = {run.receiver_core};
  return spec;
}

Result<double> xover_gbps(AgentPair& agents, const SampleSpec& spec) {
  if (auto ready = agents.make_ready(); !ready) return tl::make_unexpected(ready.error());
  return take_sample(agents, spec).map([](const Sample& sample) { return sample.goodput_gbps(); });
}

Result<double> xover_half_round_trip_us(AgentPair& agents, const SampleSpec& spec) {
  if (auto ready = agents.make_ready(); !ready) return tl::make_unexpected(ready.error());
  return take_sample(agents, spec).map([](const Sample& sample) {
    return static_cast<double>(sample.sender.latency.percentile_ns(50)) / 2000;
  });
}

Contest stream_contest(AgentPair& agents, const std::string& tool, const PeerRun& run, const std::string& control,
                       const std::function<Result<double>(const PeerRun&)>& theirs, const Target& target) {
  Contest contest;
  contest.name = fmt::format("tcp.send / {}, stream {}, {}", tool, format_size(run.size_bytes), control);
  contest.figure = "Gbit/s";
  contest.ours = [&agents, spec = stream_spec(run.size_bytes, control)] { return xover_gbps(agents, spec); };
  contest.theirs = [theirs, run] { return theirs(run); };
  contest.cores = {run.sender_core, run.receiver_core};
  contest.target = target;
  return contest;
}

Contest pingpong_contest(AgentPair& agents, const PeerRun& run, const std::string& control) {
  Contest contest;
  contest.name = fmt::format("tcp.send / sockperf, ping-pong {}, {}", run.size_bytes,
                             run.polling ? "polling on two cores" : "blocking on one core");
  contest.figure = "half round trip, us";
  contest.ours = [&agents, spec = pingpong_spec(run, control)] { return xover_half_round_trip_us(agents, spec); };
  contest.theirs = [run] { return sockperf_half_round_trip_us(run); };
  contest.cores = {run.sender_core, run.receiver_core};
  contest.target = {0, 0, 1.05};
  return contest;
}

// Both send one hot file. iperf3 has no notion of depth, so ours is deep enough to keep the socket full.
Contest sendfile_contest(AgentPair& agents, PeerRun run) {
  run.from_file = true;
  SampleSpec spec = stream_spec(run.size_bytes, "cubic", "tcp.sendfile@lo");
  spec.point.depth = static_cast<std::uint32_t>(std::max<std::uint64_t>(32, socket_bytes / run.size_bytes));
  spec.point.pool_bytes = run.size_bytes;
  Contest contest;
  contest.name = fmt::format("tcp.sendfile / iperf3 -Z, stream {}", format_size(run.size_bytes));
  contest.figure = "Gbit/s";
  contest.ours = [&agents, spec] { return xover_gbps(agents, spec); };
  contest.theirs = [run] { return iperf3_gbps(run); };
  contest.cores = {run.sender_core, run.receiver_core};
  contest.target = {0.95, 0, 0};
  return contest;
}

// What the contract and the harness cost on top of io_uring itself. Both sides on one core, the steadiest placement.
Contest bare_uring_contest(AgentPair& agents, std::uint64_t size_bytes) {
  // Deep enough to keep the ring busy, with no more in flight than the caches nearest to a core hold.
  const auto depth = static_cast<std::uint32_t>(std::clamp<std::uint64_t>((2 << 20) / size_bytes, 8, 32));
  const BareUringRun run{
      .size_bytes = size_bytes, .depth = depth, .core = 0, .warmup_ns = warmup_ns, .duration_ns = sample_ns};
  SampleSpec spec = stream_spec(size_bytes, "cubic", "uring.send_zc_fixed@lo");
  spec.point.depth = run.depth;
  spec.point.pool_bytes = run.size_bytes * run.depth;
  spec.sender_cores = spec.receiver_cores = {run.core};
  Contest contest;
  contest.name = fmt::format("uring.send_zc_fixed / bare loop, stream {}", format_size(size_bytes));
  contest.figure = "Gbit/s";
  contest.ours = [&agents, spec] { return xover_gbps(agents, spec); };
  contest.theirs = [run] { return bare_uring_gbps(run); };
  contest.cores = {run.core};
  contest.target = {0.9, 0, 0};
  return contest;
}

// `network` is the congestion control of the own network namespace, `system` without one.
std::vector<Contest> contests(AgentPair& agents, const std::string& network) {
  std::vector<Contest> list;
  for (const std::uint64_t size_bytes : {4096u, 16384u, 131072u, 1048576u}) {
    const PeerRun run{size_bytes, 0, 1, false};
    list.push_back(
        stream_contest(agents, "iperf3", run, "cubic", iperf3_gbps, {0.95, size_bytes == 131072 ? 1.0 : 0, 0}));
    list.push_back(stream_contest(agents, "qperf", run, network, qperf_gbps, {}));
  }
  for (const std::uint64_t size_bytes : {16384u, 131072u, 1048576u})
    list.push_back(sendfile_contest(agents, {.size_bytes = size_bytes, .sender_core = 0, .receiver_core = 1}));
  for (const std::uint64_t size_bytes : {16384u, 262144u}) list.push_back(bare_uring_contest(agents, size_bytes));
  list.push_back(pingpong_contest(agents, {64, 0, 0, false}, network));
  list.push_back(pingpong_contest(agents, {64, 0, 1, true}, network));
  return list;
}

struct Pair {
  double ours = 0, theirs = 0;
};

Result<Pair> take_pair(const Contest& contest, std::mt19937& order) {
  Pair pair;
  const bool ours_first = order() % 2 == 0;
  for (const bool ours : {ours_first, !ours_first}) {
    auto figure = ours ? contest.ours() : contest.theirs();
    if (!figure) return tl::make_unexpected(figure.error());
    (ours ? pair.ours : pair.theirs) = *figure;
  }
  return pair;
}

bool holds(const Target& target, const Interval& ratio) {
  return ratio.low >= target.least_low && ratio.median >= target.least_median &&
         (target.greatest_high == 0 || ratio.high <= target.greatest_high);
}

std::string wanted(const Target& target) {
  std::string text;
  if (target.least_low > 0) text += fmt::format("low >= {} ", target.least_low);
  if (target.least_median > 0) text += fmt::format("median >= {} ", target.least_median);
  if (target.greatest_high > 0) text += fmt::format("high <= {} ", target.greatest_high);
  return text;
}

// Pairs until enough were accepted; gives up after five times as many.
Result<bool> run_contest(const Contest& contest, std::size_t pairs, std::mt19937& order) {
  RoundGate gate;
  std::vector<Observation> ratios;
  std::vector<double> ours, theirs;
  std::size_t taken = 0;
  for (; ratios.size() < pairs && taken < 5 * pairs; ++taken) {
    gate.before(contest.cores);
    auto pair = take_pair(contest, order);
    if (!pair) return tl::make_unexpected(pair.error());
    if (!gate.after(contest.cores).ours) continue;
    ratios.push_back({0, pair->ours / pair->theirs});
    ours.push_back(pair->ours);
    theirs.push_back(pair->theirs);
  }
  const Interval ratio = estimate(ratios).interval;
  const bool held = ratios.size() >= pairs && holds(contest.target, ratio);
  const std::string wish = wanted(contest.target);
  fmt::print("{:<48} {:>8.2f} {:>8.2f} {:<20} {:.3f} ({:.3f} to {:.3f}), {} pairs of {}{}{}\n", contest.name,
             median(ours), median(theirs), contest.figure, ratio.median, ratio.low, ratio.high, ratios.size(), taken,
             wish.empty() ? "" : "; " + wish,
             wish.empty() ? ""
             : held       ? "holds"
                          : "MISSED");
  std::fflush(stdout);
  return held;
}

int run(std::size_t pairs, const std::string& only) {
  set_agent_program(test::xover_program());
  const auto own_network = enter_own_network();
  if (!own_network) fmt::print("no network of our own: {}\n", own_network.error().message());
  AgentPair agents(nullptr);
  std::mt19937 order(1);
  bool all_hold = true;
  fmt::print("{:<48} {:>8} {:>8}\n", "ours / theirs", "ours", "theirs");
  for (const Contest& contest : contests(agents, own_network.value_or("system"))) {
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
  CLI::App app("xover against iperf3, sockperf and qperf, interleaved");
  std::size_t pairs = 15;
  std::string only;
  app.add_option("--pairs", pairs, "accepted pairs of each comparison");
  app.add_option("--only", only, "comparisons whose name holds this");
  CLI11_PARSE(app, argument_count, arguments);
  return xover::bench::run(pairs, only);
}
