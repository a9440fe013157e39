// The PMU's counters for the calling thread, user and kernel together: cycles, instructions, last-level-cache misses
// and L1 data read misses, scheduled onto the PMU as one group so that they speak of the same time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/error.h"
#include "harness/measurement/perf_event.h"

namespace xover {

enum class HardwareEvent : std::uint8_t { cycles, instructions, llc_misses, l1d_misses };

inline constexpr std::size_t hardware_events = 4;

// Counts by HardwareEvent; nothing where this PMU does not have the event.
using HardwareCounts = std::array<std::optional<std::uint64_t>, hardware_events>;

struct HardwareReading {
  HardwareCounts counts;
  std::uint64_t enabled_ns = 0;  // how long the group wanted to count
  std::uint64_t running_ns = 0;  // how long it was on the PMU
};

// What happened between two readings. When others used the PMU as well, the counts are scaled up to the whole time;
// nothing when they had it for more than a tenth, because then a short sample is mostly guessed.
std::optional<HardwareCounts> counts_between(const HardwareReading& begin, const HardwareReading& end);

class HardwareCounters {
 public:
  // Starts counting. Fails where there is no PMU or the kernel may not be counted; other events than cycles may lack.
  static Result<HardwareCounters> open();

  std::optional<HardwareReading> read() const;  // one system call

 private:
  std::array<PerfEvent, hardware_events> events_;  // events_[0] is the leader
};

}  // namespace xover
