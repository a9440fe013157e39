// The statistics of a run, on plain numbers.
//
// Estimates are made on the log scale, from the 20 % trimmed mean and its winsorised standard error (Tukey and
// McLaughlin 1963; Yuen 1974): a fifth of the rounds at either end may be arbitrarily disturbed. The interval is
// Student's t below 30 units of evidence, and a percentile-t bootstrap from 30 on. tests/bench/statistics_coverage
// measures how often these intervals hold the truth.
//
// Everything here is a pure function: the bootstrap's random numbers start from the same seed in each call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

inline constexpr std::size_t least_rounds_for_verdict = 6;
inline constexpr std::size_t bootstrap_from_units = 30;
inline constexpr double significance = 0.05;

// One figure, or one ratio of two paired figures, out of one round. Positive and finite: it is judged by its logarithm.
struct Observation {
  std::uint32_t restart = 0;
  double value = 0;
};

struct Estimate {
  Interval interval;       // all zero without observations, no width with one
  double p_value = 1;      // two-sided, of "the centre is 1"; 1 with fewer than two units
  std::size_t rounds = 0;  // observations behind it
};

// The unit of evidence is the round, as long as the agents restarted fewer than six times. From six restarts on it is
// the restart, by the mean of its logs, because what one start of the agents got by luck (memory, ports, hashes)
// concerns all of its rounds, and the answer must hold for the next start too.
Estimate estimate(std::span<const Observation> observations);

double median(std::vector<double> values);  // 0 when empty

// Holm's step-down correction, in the order given.
std::vector<double> holm_adjusted(std::span<const double> p_values);

// Two-sided p-value of "both come from one distribution": exact for small samples without ties, else by the normal
// approximation, corrected for ties and continuity. 1 when either is empty.
double mann_whitney_p(std::span<const double> first, std::span<const double> second);

// The interval's width in percent of its median; infinite without a positive median.
double width_percent(const Interval& interval);

}  // namespace xover
