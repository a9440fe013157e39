// The facts of both interfaces stand in link_facts with the host in front of their names.
#include "harness/analysis/saturation.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/units.h"

namespace xover {

namespace {

// The smaller of both hosts', 0: neither tells.
std::uint64_t smaller_of_both(const CellResult& cell, const std::string& fact) {
  std::uint64_t smaller = 0;
  for (const char* host : {"near_", "far_"}) {
    const auto found = cell.link_facts.find(host + fact);
    if (found == cell.link_facts.end()) continue;
    const auto value = parse_integer(found->second);
    if (!value || *value <= 0) continue;
    const auto number = static_cast<std::uint64_t>(*value);
    smaller = smaller == 0 ? number : std::min(smaller, number);
  }
  return smaller;
}

// Frames hold a message, or as much of one as fits; a stream fills its segments with as many as fit.
bool sends_datagrams(const CellResult& cell) {
  return cell.variant.id.starts_with("udp.") || cell.variant.id.starts_with("dpdk.");
}

bool is_saturated_by_its_warnings(const CellResult& cell) {
  return std::any_of(cell.warnings.begin(), cell.warnings.end(),
                     [](const Warning& warning) { return warning.kind == WarningKind::link_saturated; });
}

}  // namespace

Line line_of(const CellResult& cell) {
  return {smaller_of_both(cell, "speed_mbps"), static_cast<std::uint32_t>(smaller_of_both(cell, "mtu_bytes"))};
}

std::optional<double> share_of_line(const CellResult& cell, const Point& point) {
  if (point.workload == Workload::pingpong || !cell.has_receiver || cell.goodput_gbps.median <= 0) return std::nullopt;
  constexpr std::int64_t second_ns = 1'000'000'000;
  const auto bytes_in_a_second = static_cast<std::uint64_t>(cell.goodput_gbps.median * 1e9 / 8);
  const bool datagrams = sends_datagrams(cell);
  return utilisation(line_of(cell), datagrams ? Packets::datagrams : Packets::segments, bytes_in_a_second, second_ns,
                     datagrams ? point.size_bytes : 0);
}

bool both_fill_the_link(const CellResult& a, const CellResult& b) {
  return is_saturated_by_its_warnings(a) && is_saturated_by_its_warnings(b);
}

}  // namespace xover
