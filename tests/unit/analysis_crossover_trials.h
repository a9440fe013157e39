// Crossovers sought in noise where the truth is known, many times over: for the test and the benchmark.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "harness/analysis/crossover.h"
#include "tests/unit/analysis_synthetic_costs.h"

namespace xover::synthetic {

struct CrossoverTrials {
  std::size_t trials = 0;
  std::size_t at = 0;          // gave a size
  std::size_t held = 0;        // of these, whose 95 % interval held the truth
  std::vector<double> errors;  // of these, how far the estimate was off, as a share of the truth
  std::size_t told_why = 0;    // of these
  std::size_t held_fixed = 0;  // of these, whose interval held the difference of the fixed costs
  std::size_t held_per_byte = 0;

  double median_error() const { return median(errors); }
};

inline bool within(const Interval& interval, double value) { return interval.low <= value && value <= interval.high; }

inline void try_once(CrossoverTrials& tally, NoisyCosts& noise, Slope slope, double truth_bytes, std::size_t rounds) {
  const Rivals rivals = Rivals::crossing_at(truth_bytes, slope);
  const auto found = crossover_of(noise.measure(rivals, octaves_to_1m(), rounds));
  ++tally.trials;
  if (!found || found->verdict != CrossoverVerdict::at) return;
  ++tally.at;
  tally.held += within(found->size_bytes, truth_bytes);
  tally.errors.push_back(std::fabs(found->size_bytes.median / truth_bytes - 1));
  if (!found->why) return;
  ++tally.told_why;
  tally.held_fixed += within(found->why->fixed, rivals.candidate.fixed - rivals.baseline.fixed);
  tally.held_per_byte += within(found->why->per_byte, rivals.candidate.per_byte - rivals.baseline.per_byte);
}

// The truth is another each time, over one octave: the grid must not matter.
inline CrossoverTrials seek_crossovers(double coefficient_of_variation, Slope slope, std::size_t trials,
                                       std::uint64_t seed, std::size_t rounds = 10) {
  CrossoverTrials tally;
  NoisyCosts noise(seed, coefficient_of_variation);
  for (std::size_t i = 0; i < trials; ++i) {
    const double octave = static_cast<double>(i) / static_cast<double>(trials);
    try_once(tally, noise, slope, 24000 * std::exp2(octave), rounds);
  }
  return tally;
}

// The fewest and the most of `trials` that come out with `chance` each: a binomial's, exceeded to either side by less
// than one in `once_in`.
inline std::pair<std::size_t, std::size_t> binomial_band(std::size_t trials, double chance, double once_in) {
  const auto n = static_cast<double>(trials);
  const auto probability = [&](std::size_t hits) {
    const auto k = static_cast<double>(hits);
    return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(chance) +
                    (n - k) * std::log1p(-chance));
  };
  std::size_t fewest = 0, most = trials;
  for (double tail = probability(0); tail < 1 / once_in; tail += probability(fewest)) ++fewest;
  for (double tail = probability(trials); tail < 1 / once_in; tail += probability(most)) --most;
  return {fewest, most};
}

}  // namespace xover::synthetic
