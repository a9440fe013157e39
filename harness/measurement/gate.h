// The gate: were the cores really ours just now? One spinner on each core, all at once, looking for gaps (see gap.h).
//
// Efficiency is the share of core time that the spinners got: 1 is what a spinner alone on a core of its own gets, so
// two spinners that together get 1.0 of 2 run on cores that the host or a neighbour had half of the time. It is told in
// time, not in work done: the speed of a virtual core that is undisturbed still swings by a third from one millisecond
// to the next (turbo, a neighbour on the other hyperthread), so a threshold on work would reject at random.
#pragma once

#include <cstdint>
#include <span>

namespace xover {

struct GateReading {
  double efficiency = 0;          // mean over the cores; 0 when a spinner could not be pinned or did not get to run
  std::int64_t worst_gap_ns = 0;  // the longest on any core
  bool accepted = false;
};

class Gate {
 public:
  static constexpr std::int64_t window_ns = 5'000'000;
  static constexpr double least_efficiency = 0.9;
  static constexpr std::int64_t greatest_gap_ns = 2'000'000;  // a core that was lost among many good ones

  // Spins on all these cores (at least one; doubles count once) for window_ns; blocks for that and the threads' start,
  // at most 100 ms longer. Nothing of a measurement may run meanwhile.
  GateReading read(std::span<const unsigned> cores);
};

}  // namespace xover
