// Reading a thread's accounts.
#include "harness/measurement/cpu_meter.h"

#include <sys/resource.h>

#include <ctime>

#include "core/clock.h"

namespace xover {

namespace {

std::int64_t thread_cpu_ns() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::int64_t{spent.tv_sec} * 1'000'000'000 + spent.tv_nsec;
}

void fill_in_counts(CpuUsage& usage, const HardwareCounts& counts) {
  const auto count = [&](HardwareEvent event) { return counts[static_cast<std::size_t>(event)]; };
  usage.source = CpuSource::pmu;
  usage.cycles = static_cast<double>(count(HardwareEvent::cycles).value_or(0));
  usage.instructions = count(HardwareEvent::instructions);
  usage.llc_misses = count(HardwareEvent::llc_misses);
  usage.l1d_misses = count(HardwareEvent::l1d_misses);
}

// Only the TSC ticks near the core's clock; other tick sources would give figures that look like cycles and are not.
void fill_in_reference_cycles(CpuUsage& usage) {
  if (tick_source() != "tsc") return;
  usage.source = CpuSource::tsc;
  usage.cycles = static_cast<double>(usage.worker_ns) * ticks_per_second() * 1e-9;
}

}  // namespace

CpuMeter::CpuMeter() {
  ticks_per_second();  // calibrates, so that end() need not
  if (auto opened = HardwareCounters::open()) counters_ = std::move(*opened);
}

CpuMeter::Accounts CpuMeter::read_accounts() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return {thread_cpu_ns(), static_cast<std::uint64_t>(usage.ru_nvcsw + usage.ru_nivcsw),
          static_cast<std::uint64_t>(usage.ru_minflt + usage.ru_majflt)};
}

void CpuMeter::begin() {
  at_begin_ = read_accounts();
  if (counters_) counters_at_begin_ = counters_->read();
}

CpuUsage CpuMeter::end() {
  const auto counters_at_end = counters_ ? counters_->read() : std::nullopt;
  const Accounts at_end = read_accounts();
  CpuUsage usage;
  usage.worker_ns = at_end.cpu_ns - at_begin_.cpu_ns;
  usage.context_switches = at_end.context_switches - at_begin_.context_switches;
  usage.page_faults = at_end.page_faults - at_begin_.page_faults;
  std::optional<HardwareCounts> counts;
  if (counters_at_begin_ && counters_at_end) counts = counts_between(*counters_at_begin_, *counters_at_end);
  if (counts && (*counts)[0]) {
    fill_in_counts(usage, *counts);
  } else {
    fill_in_reference_cycles(usage);
  }
  return usage;
}

}  // namespace xover
