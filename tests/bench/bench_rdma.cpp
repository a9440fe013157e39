// RDMA and SDP over `local` against bare loops of the copies that they cannot do without, and against TCP, in one
// interleaved run: same cores, same message size, one field, each pair between two readings of the gate. Prints ratios
// with 95 % intervals, SDP's goodput for each size of stage, and where Read ZCopy overtakes BCopy.
//
//   bench_rdma [--pairs N] [--only TEXT]
//
// N accepted pairs for each comparison, 15 by default; only those whose name holds TEXT: "bare", "tcp", "stage",
// "crossover".
#include <random>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "core/units.h"
#include "harness/agents/sample_runner.h"
#include "harness/analysis/statistics.h"
#include "harness/experiment/plan_from.h"
#include "tests/bench/bare_copies.h"
#include "tests/bench/contest.h"
#include "tests/bench/crossover_run.h"
#include "tests/support/child_process.h"

namespace xover::bench {

namespace {

constexpr std::uint64_t message_bytes = 1 << 20;
constexpr std::uint64_t pool_bytes = 4 << 20;
constexpr std::size_t buffer_bytes = 256 << 10;  // what the harness's receivers offer for such messages
constexpr std::uint32_t depth = 8;
constexpr const char* best_stage = "32K";  // of `--only stage`
constexpr std::size_t best_stage_bytes = 32 << 10;
constexpr std::size_t stages = 16;
constexpr const char* place = "bench_rdma";

SampleSpec spec_of(const std::string& variant, std::uint64_t size_bytes) {
  SampleSpec spec = stream_spec(variant, size_bytes);
  spec.point.depth = depth;
  spec.point.pool_bytes = pool_bytes;
  spec.point.wait = Wait::spin;
  return spec;
}

SampleSpec on_same_core(SampleSpec spec) {
  spec.point.wait = Wait::block;
  spec.point.congestion_control = "cubic";
  spec.sender_cores = spec.receiver_cores = {0};
  return spec;
}

// Median round trip of 64 bytes, both ends polling, in microseconds.
SampleSpec pingpong(const std::string& variant) {
  SampleSpec spec = spec_of(variant, 64);
  spec.point.workload = Workload::pingpong;
  spec.point.depth = 1;
  spec.point.pool_bytes = 64;
  return spec;
}

Result<double> round_trip_us(AgentPair& agents, const SampleSpec& spec) {
  if (auto ready = agents.make_ready(); !ready) return tl::make_unexpected(ready.error());
  return take_sample(agents, spec).map([](const Sample& sample) {
    return static_cast<double>(sample.sender.latency.percentile_ns(50)) / 1e3;
  });
}

BareCopyRun bare_run() {
  return {.source_bytes = pool_bytes,
          .buffer_bytes = buffer_bytes,
          .stage_bytes = best_stage_bytes,
          .stages = stages,
          .reader_core = 1,
          .source_core = 0,
          .warmup_ns = warmup_ns,
          .duration_ns = sample_ns};
}

using Bare = Result<double> (*)(const BareCopyRun&);

// Two processes that share the memory of messages copy it as threads do; what is not of the session's arena, by calls.
SampleSpec foreign(SampleSpec spec) {
  spec.point.memory = Memory::foreign;
  return spec;
}

std::string name_of(const SampleSpec& spec) {
  return spec.variant.name() + (spec.point.memory == Memory::foreign ? ", foreign memory" : "");
}

Contest against_bare(AgentPair& agents, const SampleSpec& spec, const char* loop, Bare bare, double least_low) {
  Contest contest;
  contest.name = fmt::format("{} / bare {}", name_of(spec), loop);
  contest.figure = "Gbit/s";
  contest.ours = [&agents, spec] { return xover_gbps(agents, spec); };
  contest.theirs = [bare] { return bare(bare_run()); };
  contest.cores = {0, 1};
  contest.target = {least_low, 0, 0};
  return contest;
}

Contest against_tcp(AgentPair& agents, const SampleSpec& spec, double least_low) {
  Contest contest;
  contest.name = fmt::format("{} / tcp.send, same core", name_of(spec));
  contest.figure = "Gbit/s";
  const auto figure_of = [&agents](const SampleSpec& of) {
    return [&agents, spec = on_same_core(of)] { return xover_gbps(agents, spec); };
  };
  contest.ours = figure_of(spec);
  contest.theirs = figure_of(spec_of("tcp.send@lo", message_bytes));
  contest.cores = {0};
  contest.target = {least_low, 0, 0};
  return contest;
}

Contest pingpong_against_tcp(AgentPair& agents) {
  Contest contest;
  contest.name = "sdp.bcopy / tcp.send, ping-pong of 64 bytes";
  contest.figure = "us, p50, polling";
  const auto figure_of = [&agents](const std::string& id) {
    return [&agents, spec = pingpong(id)] { return round_trip_us(agents, spec); };
  };
  contest.ours = figure_of("sdp.bcopy@local");
  contest.theirs = figure_of("tcp.send@lo");
  contest.cores = {0, 1};
  contest.target = {0, 0, 0.2};
  return contest;
}

// Each against the default, so that its best can be read off.
std::vector<Contest> stage_contests(AgentPair& agents) {
  std::vector<Contest> contests;
  for (const char* stage : {"4K", "8K", "16K", "32K", "64K", "128K", "256K"}) {
    Contest contest;
    contest.name = fmt::format("sdp.bcopy[stage={}] / stage={}", stage, best_stage);
    contest.figure = "Gbit/s";
    const auto figure_of = [&agents](const char* size) {
      return [&agents, spec = spec_of(fmt::format("sdp.bcopy[stage={}]@local", size), message_bytes)] {
        return xover_gbps(agents, spec);
      };
    };
    contest.ours = figure_of(stage);
    contest.theirs = figure_of(best_stage);
    contest.cores = {0, 1};
    contests.push_back(std::move(contest));
  }
  return contests;
}

std::vector<Contest> all_contests(AgentPair& agents) {
  const auto megabyte = [](const std::string& variant) { return spec_of(variant, message_bytes); };
  const SampleSpec bcopy = megabyte(fmt::format("sdp.bcopy[stage={}]@local", best_stage));
  const SampleSpec bcopy_threads = megabyte(fmt::format("sdp.bcopy[stage={}]@local[ends=threads]", best_stage));
  const SampleSpec zcopy = megabyte("sdp.read_zcopy@local");
  const SampleSpec zcopy_threads = megabyte("sdp.read_zcopy@local[ends=threads]");
  const SampleSpec zcopy_by_calls = foreign(zcopy);
  const SampleSpec zcopy_by_longer_calls = foreign(megabyte("sdp.read_zcopy[chunk=256K]@local"));
  std::vector<Contest> contests{
      against_bare(agents, zcopy, "process_vm_readv", bare_process_read_gbps, 0.9),
      against_bare(agents, zcopy_by_calls, "process_vm_readv", bare_process_read_gbps, 0),
      against_bare(agents, zcopy_by_longer_calls, "process_vm_readv", bare_process_read_gbps, 0),
      against_bare(agents, zcopy_threads, "memcpy", bare_memcpy_gbps, 0.9),
      against_bare(agents, bcopy, "double memcpy", bare_double_memcpy_gbps, 0.8),
      against_bare(agents, bcopy_threads, "double memcpy", bare_double_memcpy_gbps, 0.8),
      against_bare(agents, bcopy, "double memcpy by two threads", bare_piped_memcpy_gbps, 0),
      against_tcp(agents, zcopy, 1.5),
      against_tcp(agents, zcopy_by_calls, 0),
      against_tcp(agents, zcopy_by_longer_calls, 0),
      against_tcp(agents, zcopy_threads, 1.5),
      against_tcp(agents, bcopy, 0),
      pingpong_against_tcp(agents),
  };
  for (Contest& contest : stage_contests(agents)) contests.push_back(std::move(contest));
  return contests;
}

// One core for all, so that the figure is what a byte costs however many connections there are.
Result<Plan> crossover_plan(std::size_t rounds) {
  std::vector<Placed> sizes, connections;
  for (const char* size : {"1K", "2K", "4K", "8K", "16K", "32K", "64K", "128K", "256K", "1M"})
    sizes.push_back({size, place});
  for (const char* count : {"1", "2", "4", "8"}) connections.push_back({count, place});
  PlanText text;
  text.name = place;
  text.settings = {
      {"rounds", {std::to_string(rounds), place}}, {"duration", {"100ms", place}}, {"warmup", {"10ms", place}}};
  text.experiments.push_back({place,
                              {{"sdp.bcopy", place}, {"sdp.read_zcopy", place}},
                              {{"link", {{"local", place}, {"local[ends=threads]", place}}},
                               {"size", sizes},
                               {"connections", connections},
                               {"depth", {{"8", place}}},
                               {"pool", {{std::to_string(pool_bytes), place}}},
                               {"placement", {{"same_core", place}}},
                               {"touch", {{"read", place}}}}});
  return make_plan(text);
}

bool print_crossovers(std::size_t rounds) {
  const auto lines = crossover_plan(std::max(rounds, least_rounds_for_verdict)).and_then(measured_crossovers);
  if (!lines) return fmt::print("{}\n", lines.error().message()), false;
  for (const std::string& line : *lines) fmt::print("{}\n", line);
  return true;
}

int run(std::size_t pairs, const std::string& only) {
  set_agent_program(test::xover_program());
  AgentPair agents(nullptr);
  std::mt19937 order(1);
  bool all_hold = true;
  fmt::print("{:<56} {:>8} {:>8}\n", "ours / theirs", "ours", "theirs");
  for (const Contest& contest : all_contests(agents)) {
    if (contest.name.find(only) == std::string::npos) continue;
    const auto held = run_contest(contest, pairs, order);
    if (!held) fmt::print("{}: {}\n", contest.name, held.error().message());
    all_hold = all_hold && held.value_or(false);
  }
  agents.drop();
  if (std::string("crossover").find(only) != std::string::npos) all_hold = print_crossovers(pairs) && all_hold;
  return all_hold ? 0 : 1;
}

}  // namespace

}  // namespace xover::bench

int main(int argument_count, char** arguments) {
  if (xover::bench::run_as_source(argument_count, arguments)) return 0;
  CLI::App app("RDMA and SDP over memory of one host against bare copies and TCP, interleaved");
  std::size_t pairs = 15;
  std::string only;
  app.add_option("--pairs", pairs, "accepted pairs of each comparison");
  app.add_option("--only", only, "comparisons whose name holds this");
  CLI11_PARSE(app, argument_count, arguments);
  return xover::bench::run(pairs, only);
}
