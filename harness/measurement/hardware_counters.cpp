// The event group.
#include "harness/measurement/hardware_counters.h"

#include <unistd.h>

namespace xover {

namespace {

constexpr std::uint64_t l1d_read_misses =
    PERF_COUNT_HW_CACHE_L1D | (PERF_COUNT_HW_CACHE_OP_READ << 8) | (PERF_COUNT_HW_CACHE_RESULT_MISS << 16);

perf_event_attr attributes_of(HardwareEvent event) {
  perf_event_attr attributes{};
  attributes.type = event == HardwareEvent::l1d_misses ? PERF_TYPE_HW_CACHE : PERF_TYPE_HARDWARE;
  attributes.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  switch (event) {
    case HardwareEvent::cycles: attributes.config = PERF_COUNT_HW_CPU_CYCLES; break;
    case HardwareEvent::instructions: attributes.config = PERF_COUNT_HW_INSTRUCTIONS; break;
    case HardwareEvent::llc_misses: attributes.config = PERF_COUNT_HW_CACHE_MISSES; break;
    case HardwareEvent::l1d_misses: attributes.config = l1d_read_misses; break;
  }
  return attributes;
}

}  // namespace

std::optional<HardwareCounts> counts_between(const HardwareReading& begin, const HardwareReading& end) {
  const auto enabled_ns = static_cast<double>(end.enabled_ns - begin.enabled_ns);
  const auto running_ns = static_cast<double>(end.running_ns - begin.running_ns);
  if (running_ns <= 0 || running_ns < 0.9 * enabled_ns) return std::nullopt;
  HardwareCounts counts;
  for (std::size_t event = 0; event < hardware_events; ++event) {
    if (!begin.counts[event] || !end.counts[event]) continue;
    const auto counted = static_cast<double>(*end.counts[event] - *begin.counts[event]);
    counts[event] = static_cast<std::uint64_t>(counted * enabled_ns / running_ns + 0.5);
  }
  return counts;
}

Result<HardwareCounters> HardwareCounters::open() {
  HardwareCounters counters;
  for (std::size_t event = 0; event < hardware_events; ++event) {
    const PerfEvent* leader = event == 0 ? nullptr : &counters.events_[0];
    auto opened = PerfEvent::open(attributes_of(static_cast<HardwareEvent>(event)), leader);
    if (opened) counters.events_[event] = std::move(*opened);
    if (!opened && event == 0) return tl::make_unexpected(std::move(opened.error()));
  }
  return counters;
}

std::optional<HardwareReading> HardwareCounters::read() const {
  // The kernel's layout for a group: how many, time enabled, time running, then a value for each in opening order.
  std::array<std::uint64_t, 3 + hardware_events> raw{};
  if (::read(events_[0].fd(), raw.data(), sizeof raw) < static_cast<ssize_t>(4 * sizeof raw[0])) return std::nullopt;
  HardwareReading reading;
  reading.enabled_ns = raw[1];
  reading.running_ns = raw[2];
  std::size_t next = 3;
  for (std::size_t event = 0; event < hardware_events; ++event) {
    if (events_[event].fd() >= 0) reading.counts[event] = raw[next++];
  }
  return reading;
}

}  // namespace xover
