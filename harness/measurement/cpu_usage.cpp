// Arithmetic of CPU figures.
#include "harness/measurement/cpu_usage.h"

namespace xover {

namespace {

template <typename T>
std::optional<T> sum(const std::optional<T>& a, const std::optional<T>& b) {
  return a && b ? std::optional<T>(*a + *b) : std::nullopt;
}

}  // namespace

std::string_view to_string(CpuSource source) {
  switch (source) {
    case CpuSource::pmu: return "pmu";
    case CpuSource::tsc: return "tsc";
    case CpuSource::cpu_time: return "cpu_time";
  }
  return "cpu_time";
}

CpuUsage& CpuUsage::operator+=(const CpuUsage& other) {
  if (*this == CpuUsage{}) return *this = other;
  if (source != other.source) source = CpuSource::cpu_time;
  cycles = source == CpuSource::cpu_time ? 0 : cycles + other.cycles;
  worker_ns += other.worker_ns;
  other_ns = sum(other_ns, other.other_ns);
  instructions = sum(instructions, other.instructions);
  llc_misses = sum(llc_misses, other.llc_misses);
  l1d_misses = sum(l1d_misses, other.l1d_misses);
  context_switches += other.context_switches;
  page_faults += other.page_faults;
  return *this;
}

void CpuUsage::charge_other(std::int64_t ns) {
  if (worker_ns > 0) cycles *= 1 + static_cast<double>(ns) / static_cast<double>(worker_ns);
  other_ns = other_ns.value_or(0) + ns;
}

}  // namespace xover
