// Two readings make a verdict.
#include "harness/measurement/round_gate.h"

#include <time.h>

#include <algorithm>
#include <vector>

#include "core/clock.h"

namespace xover {

namespace {

constexpr MonotonicNs patience_ns = 500'000'000;
constexpr timespec pause{0, 20'000'000};

// Each core once: a gate runs one spinner for each.
std::vector<unsigned> distinct(std::span<const unsigned> cores) {
  std::vector<unsigned> sorted(cores.begin(), cores.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

}  // namespace

void RoundGate::before(std::span<const unsigned> cores) {
  const std::vector<unsigned> each = distinct(cores);
  const MonotonicNs bound = monotonic_now_ns() + patience_ns;
  for (;;) {
    before_ = gate_.read(each);
    if (before_.accepted || monotonic_now_ns() > bound) break;
    nanosleep(&pause, nullptr);
  }
  speed_before_ = yardstick_.read(cores.front());
}

GateVerdict RoundGate::after(std::span<const unsigned> cores) {
  const GateReading after = gate_.read(distinct(cores));
  GateVerdict verdict{before_.accepted && after.accepted, std::min(before_.efficiency, after.efficiency), {}};
  const auto speed_after = yardstick_.read(cores.front());
  if (speed_before_ && speed_after) verdict.speed = MachineSpeed{*speed_before_, *speed_after};
  return verdict;
}

}  // namespace xover
