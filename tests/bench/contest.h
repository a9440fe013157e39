// A comparison of two figures for the same task, and how it is carried out: in pairs, in random order, each pair
// between two readings of the gate, until enough of them were accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "harness/agents/agent_pair.h"
#include "harness/agents/sample.h"

namespace xover::bench {

inline constexpr std::int64_t sample_ns = 1'000'000'000;  // as long as the tools, whose shortest run is a second
inline constexpr std::int64_t warmup_ns = 50'000'000;

struct Target {
  double least_low = 0, least_median = 0, greatest_high = 0;  // 0: not asked for
};

struct Contest {
  std::string name, figure;
  std::function<Result<double>()> ours, theirs;  // the ratio is ours / theirs
  std::vector<unsigned> cores;  // that the gate reads; none: every pair is accepted
  Target target;
};

// Prints one line. True when the target holds; gives up after five times as many pairs as are asked for.
Result<bool> run_contest(const Contest& contest, std::size_t pairs, std::mt19937& order);

// One field, bytes untouched by the receiver, one hot message, sender on core 0, receiver on core 1.
SampleSpec stream_spec(const std::string& variant, std::uint64_t size_bytes);

// Goodput that the receiver saw, in Gbit/s.
Result<double> xover_gbps(AgentPair& agents, const SampleSpec& spec);

}  // namespace xover::bench
