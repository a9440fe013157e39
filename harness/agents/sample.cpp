// The figures that a sample carries in itself.
#include "harness/agents/sample.h"

#include <algorithm>

namespace xover {

std::string_view latency_kind(Workload workload) {
  switch (workload) {
    case Workload::stream: return "submit_to_released";
    case Workload::pingpong: return "round_trip";
    case Workload::paced: return "one_way_from_intended_send";
    case Workload::file: return "request_to_last_byte";
    case Workload::fanout: return "submit_to_released_by_all";
  }
  return "round_trip";
}

bool is_level(std::string_view counter) {
  return counter == "pinned_bytes" || counter == "registered_regions" || counter == "auto_threshold_bytes" ||
         counter.starts_with("peak_") || counter.ends_with("_p50_ns") || counter.ends_with("_p99_ns");
}

void SideReport::cover(MonotonicNs from_ns, MonotonicNs to_ns) {
  first_ns = first_ns == 0 ? from_ns : std::min(first_ns, from_ns);
  last_ns = std::max(last_ns, to_ns);
}

namespace {

// Bits per nanosecond, which is Gbps; 0 without a window.
double gbps(std::uint64_t bytes, std::int64_t window_ns) {
  return window_ns > 0 ? 8 * static_cast<double>(bytes) / static_cast<double>(window_ns) : 0;
}

}  // namespace

std::int64_t Sample::window_ns() const {
  return (receiver.bytes > 0 ? receiver.last_ns : sender.last_ns) - sender.first_ns;
}

double Sample::goodput_gbps() const { return receiver.bytes > 0 ? gbps(receiver.bytes, window_ns()) : 0; }

double Sample::handed_over_gbps() const { return gbps(sender.bytes, sender.last_ns - sender.first_ns); }

}  // namespace xover
