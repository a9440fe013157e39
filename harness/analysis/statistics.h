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
  double log_centre = 0;   // what is judged: on the log scale, the 95 % are log_centre +- log_reach
  double log_reach = 0;
  double degrees_of_freedom = 0;
};

// The unit of evidence is the round, as long as the agents restarted fewer than six times. From six restarts on it is
// the restart, by the mean of its logs, because what one start of the agents got by luck (memory, ports, hashes)
// concerns all of its rounds, and the answer must hold for the next start too.
Estimate estimate(std::span<const Observation> observations);

// The ratio of two estimates that share no rounds, as of two points of a plan. Its reach is the root of the sum of the
// squares of theirs, which makes the interval a little too wide rather than too narrow; rounds: of the one with fewer.
Estimate unpaired_ratio(const Estimate& numerator, const Estimate& denominator);

// The logarithms behind an estimate: one for each unit of evidence.
struct Units {
  std::vector<double> logs;
  bool of_restarts = false;  // each stands for a restart, in their order; else for a round
};
Units units_of(std::span<const Observation> observations);

// The log_centre of an estimate out of these, two at least, for resamples: sorts its argument, and allocates nothing.
double trimmed_centre(std::vector<double>& logs);

// Of every bootstrap: so many resamples that the 25th and the 975th are the 2.5 % and the 97.5 % quantile.
inline constexpr std::size_t bootstrap_resamples = 999;
inline constexpr std::uint64_t bootstrap_seed = 0x9e3779b97f4a7c15;

double median(std::vector<double> values);  // 0 when empty

// Holm's step-down correction, in the order given.
std::vector<double> holm_adjusted(std::span<const double> p_values);

// Two-sided p-value of "both come from one distribution": exact for small samples without ties, else by the normal
// approximation, corrected for ties and continuity. 1 when either is empty.
double mann_whitney_p(std::span<const double> first, std::span<const double> second);

// The interval's width in percent of its median; infinite without a positive median.
double width_percent(const Interval& interval);

}  // namespace xover
