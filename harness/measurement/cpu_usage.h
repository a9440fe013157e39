// CPU spent by one side in the timed part of a sample, with the source of every figure.
//
// cycles are the core's own where there is a PMU, else *reference* cycles: CPU time times the calibrated TSC rate. The
// two differ by the clock's turbo, so they are never mixed in one comparison.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace xover {

enum class CpuSource : std::uint8_t { pmu, tsc, cpu_time };  // cycles; reference cycles; no cycles at all

std::string_view to_string(CpuSource source);

struct CpuUsage {
  CpuSource source = CpuSource::cpu_time;
  std::int64_t worker_ns = 0;            // CPU time of the worker threads, system calls included
  std::optional<std::int64_t> other_ns;  // what else ran on the pinned cores: softirq, kernel threads, neighbours
  double cycles = 0;                     // of worker_ns plus other_ns where that is known
  std::optional<std::uint64_t> instructions;
  std::optional<std::uint64_t> llc_misses;
  std::optional<std::uint64_t> l1d_misses;
  std::uint64_t context_switches = 0;  // of the workers, voluntary and not
  std::uint64_t page_faults = 0;

  // Sums up threads or rounds. What one of the two does not know, the sum does not know; cycles of different sources
  // have no sum, so the source becomes cpu_time. Adding to a CpuUsage{} gives the other.
  CpuUsage& operator+=(const CpuUsage& other);

  // Books what else ran on the cores of these workers, once all of them are summed up; its cycles are reckoned at the
  // workers' own rate.
  void charge_other(std::int64_t ns);

  bool operator==(const CpuUsage&) const = default;
};

}  // namespace xover
