// The spinners of the gate.
#include "harness/measurement/gate.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <set>
#include <system_error>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "harness/measurement/gap.h"
#include "harness/placement/placement.h"

namespace xover {

namespace {

constexpr std::int64_t start_bound_ns = 100'000'000;

struct Spinner {
  unsigned core = 0;
  double efficiency = 0;
  std::int64_t worst_gap_ns = 0;
};

void watch_for_gaps(Spinner& spinner) {
  const Ticks gap = shortest_gap_ticks();
  const auto window = static_cast<Ticks>(ticks_per_second() * static_cast<double>(Gate::window_ns) * 1e-9);
  const Ticks begin = ticks_now();
  Ticks last = begin, now = begin, lost = 0, worst = 0;
  while (now - begin < window) {
    now = ticks_now();
    if (now - last >= gap) {
      lost += now - last;
      worst = std::max(worst, now - last);
    }
    last = now;
  }
  spinner.efficiency = 1 - static_cast<double>(lost) / static_cast<double>(now - begin);
  spinner.worst_gap_ns = ticks_to_ns(worst);
}

// All begin together: cores that are taken from each other in turn look good one after the other.
void spin(Spinner& spinner, std::atomic<std::size_t>& missing, MonotonicNs start_deadline) {
  if (!pin_this_thread(spinner.core)) return;
  missing.fetch_sub(1);
  while (missing.load(std::memory_order_relaxed) != 0) {
    if (monotonic_now_ns() > start_deadline) return;
  }
  watch_for_gaps(spinner);
}

}  // namespace

GateReading Gate::read(std::span<const unsigned> cores) {
  assert(!cores.empty());
  ticks_per_second();  // calibrates before anybody spins
  std::vector<Spinner> spinners;
  for (const unsigned core : std::set<unsigned>(cores.begin(), cores.end())) spinners.push_back({core});
  std::atomic<std::size_t> missing = spinners.size();
  const MonotonicNs start_deadline = monotonic_now_ns() + start_bound_ns;
  try {
    std::vector<std::jthread> threads;
    for (Spinner& spinner : spinners) threads.emplace_back([&] { spin(spinner, missing, start_deadline); });
  } catch (const std::system_error&) {
    return {};  // no thread to be had: those that did start have given up waiting for the rest
  }
  GateReading reading;
  for (const Spinner& spinner : spinners) {
    reading.efficiency += spinner.efficiency / static_cast<double>(spinners.size());
    reading.worst_gap_ns = std::max(reading.worst_gap_ns, spinner.worst_gap_ns);
  }
  reading.accepted = reading.efficiency >= least_efficiency && reading.worst_gap_ns <= greatest_gap_ns;
  return reading;
}

}  // namespace xover
