// The figures that a sample carries in itself.
#include "harness/agents/sample.h"

namespace xover {

std::string_view latency_kind(Workload workload) {
  switch (workload) {
    case Workload::stream: return "submit_to_released";
    case Workload::pingpong: return "round_trip";
    case Workload::paced: return "one_way_from_intended_send";
  }
  return "round_trip";
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
