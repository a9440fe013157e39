// The statistics of two runs held against each other, on plain numbers: is a change real, or what runs differ by
// anyway?
//
// Nothing pairs the rounds of two runs, so what a run got by luck does not cancel. The unit of evidence is the restart
// of the agents, however few there are: its figure is the median of its rounds, on the log scale. Rounds of one restart
// share what that start got (memory, ports, hashes); taken for independent they would call luck a change.
//
//   The ratio: the trimmed means (statistics.h) over the restarts of B and of A: from five restarts on one in five at
//   either end may be arbitrarily disturbed. Its interval: Welch's t with Satterthwaite's degrees of freedom, from the
//   winsorised variance between the restarts of either run (Yuen 1974).
//   Few restarts tell little about their own variance (two have one degree of freedom). So the figures of a run by one
//   metric lend each other theirs (borrowed_variance.h): each variance may be raised by that, none is lowered.
//   Real: after Holm's correction over all figures, at 5 %, the ratio is farther from 1 than the least difference that
//   is asked for. Two runs an hour apart differ by a percent or two on the quietest machine (heat, frequency,
//   neighbours), and that does not show between the restarts of one run.
//   Too few: fewer than two restarts or six rounds in either run. There is a ratio, no interval and no verdict.
//   In virtual time figures are exact: every difference is real.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/analysis/statistics.h"
#include "harness/experiment/result.h"

namespace xover {

inline constexpr std::size_t least_restarts_for_diff = 2;
inline constexpr double least_difference_percent = 2;  // unless somebody says otherwise

enum class DiffVerdict : std::uint8_t { real, noise, too_few };

// One figure of one cell in one run: a value for each restart, by its logarithm, in the order of the restarts.
struct RestartFigures {
  std::vector<double> logs;
  std::uint32_t rounds = 0;

  double centre() const;  // the trimmed mean of the logarithms; there must be some
};
RestartFigures restart_figures(std::span<const Observation> observations);

// A figure in both runs; both have some restarts.
struct FigurePair {
  RestartFigures a, b;
  Metric metric = Metric::goodput;
  bool virtual_time = false;
  double speed_variance = 0;  // of the logarithm of the ratio, by what is not known of the machine's speed
};

struct FigureDifference {
  Interval ratio;                            // B over A; no numbers as bounds where there is no interval
  double p_value = 1, adjusted_p_value = 1;  // of "no farther from 1 than the least difference"
  DiffVerdict verdict = DiffVerdict::too_few;
};

// In the order given. `least_percent` is 0 or more.
std::vector<FigureDifference> judge(std::span<const FigurePair> pairs, double least_percent);

}  // namespace xover
