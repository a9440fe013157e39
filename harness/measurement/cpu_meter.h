// What one worker thread spends between two moments: CPU time, context switches, page faults, and cycles from the best
// source there is (see CpuUsage). A pair of begin() and end() costs a few microseconds; the meter's own cost is kept
// outside of what it measures as far as the order of reading allows.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/measurement/cpu_usage.h"
#include "harness/measurement/hardware_counters.h"

namespace xover {

// Made and used on the thread that it measures.
class CpuMeter {
 public:
  CpuMeter();

  void begin();
  CpuUsage end();

 private:
  struct Accounts {
    std::int64_t cpu_ns = 0;
    std::uint64_t context_switches = 0;
    std::uint64_t page_faults = 0;
  };

  static Accounts read_accounts();

  std::optional<HardwareCounters> counters_;
  std::optional<HardwareReading> counters_at_begin_;
  Accounts at_begin_;
};

}  // namespace xover
