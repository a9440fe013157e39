// Which figures of a cell call for a warning.
#include "harness/analysis/cell_warnings.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/figures.h"
#include "harness/analysis/saturation.h"
#include "harness/measurement/lab_guest.h"

namespace xover {
namespace {

// The accepted rounds of one cell, added up.
struct Totals {
  std::size_t rounds = 0;
  std::uint64_t messages = 0, lost = 0, stalls = 0, notifications = 0;
  std::vector<double> messages_of_rounds;
  bool bbr = false, reference_cycles = false;
};

std::uint64_t counter(const SideReport& side, const std::string& name) {
  const auto found = side.counters.find(name);
  return found == side.counters.end() ? 0 : found->second;
}

bool fact_is(const SideReport& side, const std::string& name, std::string_view value) {
  const auto found = side.facts.find(name);
  return found != side.facts.end() && found->second == value;
}

Totals totals_of(const CellResult& cell) {
  Totals totals;
  for (const RoundRecord& round : cell.rounds) {
    if (!round.accepted) continue;
    const Sample& sample = round.sample;
    ++totals.rounds;
    const std::uint64_t messages = counted_messages(cell, sample);
    totals.messages += messages;
    totals.messages_of_rounds.push_back(static_cast<double>(messages));
    totals.lost += sample.receiver.lost_messages;
    totals.stalls += counter(sample.sender, "enobufs_stalls");
    totals.notifications += counter(sample.sender, "notifications");
    totals.bbr |= fact_is(sample.sender, "congestion_control", "bbr");
    totals.reference_cycles |= cycle_source(cell, sample) == CpuSource::tsc;
  }
  return totals;
}

void warn(CellResult& cell, bool condition, WarningKind kind, std::string detail) {
  if (condition) cell.warnings.push_back({kind, std::move(detail)});
}

void warn_of_noise(CellResult& cell, Workload workload, std::size_t rounds) {
  if (rounds < least_rounds_for_verdict) return;  // the verdict already says that they are too few
  const Metric metric = metrics_of(workload).front();
  const std::vector<Observation> values = observations(
      cell, [metric](const CellResult& of, const Sample& sample) { return metric_figure(metric, of, sample); });
  if (values.size() < 2) return;
  const double width = width_percent(estimate(values).interval);
  warn(cell, width > noisy_from_percent, WarningKind::noisy,
       fmt::format("95 % interval {} % wide over {} rounds", format_significant(width, 2), values.size()));
}

// Both limits show as ENOBUFS. Locked memory is to blame where what may be in flight goes beyond it.
WarningKind cause_of_stalls(const Point& point, const Environment& environment) {
  const auto fact = environment.facts.find("rlimit_memlock_bytes");
  if (fact == environment.facts.end()) return WarningKind::optmem_low;
  const auto limit_bytes = parse_integer(fact->second);
  if (!limit_bytes) return WarningKind::optmem_low;  // "unlimited"
  const std::uint64_t in_flight_bytes = point.size_bytes * point.depth * point.connections;
  return in_flight_bytes > static_cast<std::uint64_t>(*limit_bytes) ? WarningKind::memlock_low
                                                                    : WarningKind::optmem_low;
}

bool paced_by_bbr(const CellResult& cell, const Point& point, const Totals& totals) {
  const std::string& link = cell.variant.link.name.empty() ? point.link.name : cell.variant.link.name;
  return totals.bbr && (link == "lo" || link.starts_with("veth"));
}

// The kernel delays an acknowledgement by TCP_DELACK_MIN, 40 ms (linux/include/net/tcp.h), and a busy core adds to
// that. One message in a hundred that waits so long is enough to take most of the time. A receiver acknowledges every
// second full segment at once, so with more than two of the largest in flight the cause is another one; so it is where
// the receiver was told to be as late.
bool waits_for_acknowledgements(const CellResult& cell, const Point& point) {
  constexpr double least_us = 38'000, most_us = 100'000;
  constexpr std::uint64_t two_segments_bytes = 2 * 65536;
  if (point.size_bytes * point.depth > two_segments_bytes || static_cast<double>(point.late_ns) / 1e3 > least_us)
    return false;
  const bool nagle = std::any_of(cell.rounds.begin(), cell.rounds.end(), [](const RoundRecord& round) {
    return round.accepted && fact_is(round.sample.sender, "nodelay", "off");
  });
  return is_bulk(point.workload) && nagle && cell.latency.p99_us > least_us && cell.latency.p99_us < most_us;
}

// An emulated card's speed is only a word.
void warn_of_full_link(CellResult& cell, const Point& point) {
  const auto share = share_of_line(cell, point);
  if (!is_saturated(share)) return;
  const Line line = line_of(cell);
  cell.warnings.push_back(
      {WarningKind::link_saturated, fmt::format("{:.0f} % of what {} Mbit/s carry at an MTU of {} bytes", *share * 100,
                                                line.speed_mbps, line.mtu_bytes)});
}

// By the counters of both ends' interfaces and hosts, which rounds between two hosts have. A pause frame that one end
// sends is often one that the other end receives, and counts once.
void warn_of_network(CellResult& cell) {
  std::uint64_t resent = 0, dropped = 0, pauses = 0;
  std::size_t rounds = 0, rounds_with = 0;
  for (const RoundRecord& round : cell.rounds) {
    if (!round.accepted) continue;
    const auto both = [&](const char* name) {
      return counter(round.sample.sender, name) + counter(round.sample.receiver, name);
    };
    const std::uint64_t resent_here = both("host_tcp_retransmitted_segments");
    const std::uint64_t dropped_here = both("interface_rx_dropped_packets") + both("interface_tx_dropped_packets") +
                                       both("interface_rx_missed_packets");
    const std::uint64_t pauses_here = std::max(both("interface_rx_pause_frames"), both("interface_tx_pause_frames"));
    ++rounds;
    if (resent_here + dropped_here + pauses_here > 0) ++rounds_with;
    resent += resent_here;
    dropped += dropped_here;
    pauses += pauses_here;
  }
  std::string text;
  const std::array<std::pair<std::uint64_t, std::string_view>, 3> seen{
      {{resent, "segments sent again"}, {dropped, "packets dropped"}, {pauses, "pause frames"}}};
  for (const auto& [count, what] : seen)
    if (count > 0) text += fmt::format("{} {}, ", count, what);
  warn(cell, rounds_with > 0, WarningKind::network_interfered,
       text + fmt::format("in {} of {} rounds", rounds_with, rounds));
}

bool renewed_here(WarningKind kind) {
  switch (kind) {
    case WarningKind::noisy:
    case WarningKind::short_samples:
    case WarningKind::memlock_low:
    case WarningKind::optmem_low:
    case WarningKind::bbr_without_fq:
    case WarningKind::copied_after_request:
    case WarningKind::delayed_ack:
    case WarningKind::losses:
    case WarningKind::reference_cycles:
    case WarningKind::emulated_speeds:
    case WarningKind::link_saturated:
    case WarningKind::network_interfered: return true;
    default: return false;
  }
}

}  // namespace

void renew_cell_warnings(CellResult& cell, const ResultDocument& document) {
  std::erase_if(cell.warnings, [](const Warning& warning) { return renewed_here(warning.kind); });
  if (cell.virtual_time()) return;  // no machine, no noise
  // On every row, also without figures: a substrate and a reason come from the emulator too.
  const auto emulator = emulator_of(document.environment);
  warn(cell, emulator.has_value(), WarningKind::emulated_speeds, emulator.value_or(""));
  const Totals totals = totals_of(cell);
  if (totals.rounds == 0) return;
  const Point& point = document.plan.points[cell.point_index].point;

  warn_of_noise(cell, point.workload, totals.rounds);
  const double messages = median(totals.messages_of_rounds);
  warn(cell, messages < least_messages_of_a_sample, WarningKind::short_samples,
       fmt::format("{} messages in the median sample", format_significant(messages, 3)));
  warn(cell, totals.stalls > 0, cause_of_stalls(point, document.environment),
       fmt::format("{} stalls, {} notifications", totals.stalls, totals.notifications));
  warn(cell, paced_by_bbr(cell, point, totals), WarningKind::bbr_without_fq, "congestion control bbr");
  const std::uint64_t after_request = cell.sender_ledger[Handover::kernel_after_request];
  warn(cell, after_request > 0 && after_request == cell.sender_ledger.completed_bytes,
       WarningKind::copied_after_request, fmt::format("all of {} bytes", after_request));
  warn(cell, waits_for_acknowledgements(cell, point), WarningKind::delayed_ack,
       fmt::format("99th percentile {} ms", format_significant(cell.latency.p99_us / 1e3, 3)));
  const double sent = static_cast<double>(totals.messages + totals.lost);
  warn(cell, totals.lost > 0, WarningKind::losses,
       fmt::format("{} of {} messages, {} %", totals.lost, totals.messages + totals.lost,
                   format_significant(100 * static_cast<double>(totals.lost) / sent, 2)));
  if (!emulator) warn_of_full_link(cell, point);
  warn_of_network(cell);
  warn(cell, totals.reference_cycles, WarningKind::reference_cycles, "CPU time by the TSC's rate");
}

}  // namespace xover
