// What of the difference between two runs is the machine's? A virtual core changes its speed between two runs by more
// than many a change that is looked for, and figures follow it, some wholly (what is bounded by one core's system
// calls), some in part (what is bounded by memory), some not at all (what waits). How much a figure follows is learnt
// from the rounds of both runs, which each have the yardstick's reading before and after (measurement/yardstick.h).
//
// With x the logarithm of a figure in a round and t that of the machine's speed, x = level of the run + slope t +
// noise. t is known by two readings that each err on their own, so their products estimate what regression on either
// would flatten: slope = sum(x y) / sum(before after), about the means of each run (instrumental variables; y is the
// mean of the two). Rounds of a quiet run say little about the slope. Then it is what figures do in general: 0.75 give
// or take 0.4; the two are weighed by their certainty. What is uncertain of the slope, times how much the machine's
// speed differs between the runs, is added to the variance of their ratio.
#pragma once

#include <span>
#include <vector>

#include "harness/analysis/statistics.h"
#include "harness/measurement/yardstick.h"

namespace xover {

struct SpeedRound {
  Observation observation;  // the figure, such that more is faster
  MachineSpeed speed;       // both positive
};

struct SpeedSlope {
  double value = 0;
  double variance = 0;
};

// Of the rounds of two runs together.
SpeedSlope speed_slope(std::span<const SpeedRound> a, std::span<const SpeedRound> b);

// The logarithm of the machine's speed over a run, as the median of its rounds has it; there must be some.
double log_speed(std::span<const SpeedRound> rounds);

// The figures as they would have been at the speed `at_log_speed`.
std::vector<Observation> at_one_speed(std::span<const SpeedRound> rounds, double slope, double at_log_speed);

}  // namespace xover
