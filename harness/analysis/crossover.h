// Crossovers: the message size from which on a candidate stays ahead of its baseline, as far as a run can tell.
//
// Looked for wherever compare() holds two variants against each other on one link, at three sizes or more of points
// that differ in nothing but the size; by each metric of the workload. At each size the rounds give paired ratios.
//
//   Surely ahead, or surely behind, at a size: the ratio's 95 % interval leaves out 1, and so it does after Holm's
//   correction over the sizes of this one crossover.
//   The size: near where the ratio, from the largest size on downwards, first falls to 1 or below; crossing.h says how.
//   Its interval: all of that again on 999 resamples of the units of evidence (resampling.h), with a fixed seed.
//   Why: what the candidate costs more for each message and saves for each byte, if straight lines fit.
//
// The verdict is the first of these that holds:
//
//   none           surely ahead at some size, surely behind at a larger one: no one size divides them
//   below_tested   surely ahead at every size
//   above_tested   surely behind at every size
//   at             surely behind at some size, and the size sought and both ends of its interval lie between the
//                  smallest and the largest size tested
//   not_separable  anything else: too little difference, or too much noise, at the sizes that decide
//
// With fewer than six rounds at one of the sizes there is no crossover at all, not even `not_separable`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/analysis/series.h"
#include "harness/experiment/result.h"

namespace xover {

inline constexpr std::size_t least_sizes_for_crossover = 3;

struct CrossoverEstimate {
  CrossoverVerdict verdict = CrossoverVerdict::not_separable;
  Interval size_bytes;  // all zero unless `at`
  std::optional<CostDifference> why;
};

// Sizes ascend, each once. Absent with too few sizes or rounds.
std::optional<CrossoverEstimate> crossover_of(std::span<const SizedRatios> sizes);

// The same of a model's figures, which have no noise: one round is enough, each size is surely ahead, surely behind or
// equal, and the size sought lies between the two neighbouring sizes that stand for the interval: where the difference
// of the costs is 0, if they are known.
std::optional<CrossoverEstimate> exact_crossover_of(std::span<const SizedRatios> sizes);

// What fresh rounds at a size that a crossover chose say of it.
Confirmation confirmation_of(const SizedRatios& fresh);

// Fills in document.crossovers, in the order of the plan. Cells in virtual time are judged exactly.
void find_crossovers(ResultDocument& document);

}  // namespace xover
