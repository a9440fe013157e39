// TCP against the tools of others, and io_uring against a bare loop.
#include "tests/bench/socket_contests.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/agents/sample_runner.h"
#include "tests/bench/bare_uring.h"
#include "tests/bench/peer_tools.h"

namespace xover::bench {

namespace {

constexpr std::uint64_t socket_bytes = 4 << 20;  // what a tuned loopback connection may have on its way

SampleSpec tcp_spec(const char* variant, std::uint64_t size_bytes, const std::string& congestion_control) {
  SampleSpec spec = stream_spec(variant, size_bytes);
  spec.variant.options["congestion_control"] = congestion_control;
  return spec;
}

SampleSpec pingpong_spec(const PeerRun& run, const std::string& congestion_control) {
  SampleSpec spec = tcp_spec("tcp.send@lo", run.size_bytes, congestion_control);
  spec.variant.options["nodelay"] = "on";  // as sockperf does
  spec.point.workload = Workload::pingpong;
  spec.point.wait = run.polling ? Wait::spin : Wait::block;
  spec.sender_cores = {run.sender_core};
  spec.receiver_cores = {run.receiver_core};
  return spec;
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
  contest.ours = [&agents, spec = tcp_spec("tcp.send@lo", run.size_bytes, control)] {
    return xover_gbps(agents, spec);
  };
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
  SampleSpec spec = tcp_spec("tcp.sendfile@lo", run.size_bytes, "cubic");
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
  SampleSpec spec = tcp_spec("uring.send_zc_fixed@lo", size_bytes, "cubic");
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

}  // namespace

std::vector<Contest> socket_contests(AgentPair& agents, const std::string& network) {
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

}  // namespace xover::bench
