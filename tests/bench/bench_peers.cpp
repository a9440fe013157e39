// xover against the tools that people use today, and against bare loops over io_uring and DPDK, in one interleaved run:
// same cores, same message size, one field, each pair between two readings of the gate. Prints ratios with 95 %
// intervals, and where one DPDK row overtakes another.
//
//   bench_peers [--pairs N] [--only TEXT]
//
// N accepted pairs for each comparison, 15 by default; only those whose name holds TEXT: "dpdk", "iperf3".
//
// Needs iperf3, sockperf and qperf; as root it makes a network namespace of its own.
#include <cstdio>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "tests/bench/dpdk_contests.h"
#include "tests/bench/peer_tools.h"
#include "tests/bench/socket_contests.h"
#include "tests/support/child_process.h"

namespace xover::bench {

namespace {

bool is_asked_for(const std::string& name, const std::string& only) { return name.find(only) != std::string::npos; }

bool run_contests(const std::vector<Contest>& contests, std::size_t pairs, const std::string& only) {
  std::mt19937 order(1);
  bool all_hold = true;
  fmt::print("{:<48} {:>8} {:>8}\n", "ours / theirs", "ours", "theirs");
  for (const Contest& contest : contests) {
    if (!is_asked_for(contest.name, only)) continue;
    const auto held = run_contest(contest, pairs, order);
    if (!held) fmt::print("{}: {}\n", contest.name, held.error().message());
    all_hold = all_hold && held.value_or(false);
  }
  return all_hold;
}

bool print_crossover(std::size_t rounds) {
  const auto sentences = dpdk_crossover(rounds);
  if (!sentences) fmt::print("{}: {}\n", dpdk_crossover_name, sentences.error().message());
  for (const std::string& sentence : sentences.value_or(std::vector<std::string>())) fmt::print("{}\n", sentence);
  return sentences.has_value();
}

int run(std::size_t pairs, const std::string& only) {
  set_agent_program(test::xover_program());
  const auto own_network = enter_own_network();
  if (!own_network) fmt::print("no network of our own: {}\n", own_network.error().message());
  AgentPair agents(nullptr);
  std::vector<Contest> contests = socket_contests(agents, own_network.value_or("system"));
  for (Contest& contest : dpdk_contests(agents)) contests.push_back(std::move(contest));
  bool all_hold = run_contests(contests, pairs, only);
  agents.drop();
  if (is_asked_for(dpdk_crossover_name, only)) all_hold = print_crossover(pairs) && all_hold;
  return all_hold ? 0 : 1;
}

}  // namespace

}  // namespace xover::bench

int main(int argument_count, char** arguments) {
  CLI::App app("xover against iperf3, sockperf, qperf and bare loops, interleaved");
  std::size_t pairs = 15;
  std::string only;
  app.add_option("--pairs", pairs, "accepted pairs of each comparison");
  app.add_option("--only", only, "comparisons whose name holds this");
  CLI11_PARSE(app, argument_count, arguments);
  return xover::bench::run(pairs, only);
}
