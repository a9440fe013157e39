// The receiving ends of the workloads.
#include <algorithm>

#include "harness/workloads/loops.h"
#include "harness/workloads/waiting.h"

namespace xover {

namespace {

constexpr std::int64_t quiet_ns = 50'000'000;  // after which a missing datagram counts as lost

constexpr Failure arrival_overdue{ErrorCode::timed_out, 0, "messages that the sender sent did not arrive within 5 s"};

// Paced: how late each message is, from the moment at which it should have been sent.
void record_lateness(ConnectionEnd& end, const PhaseOrder& order, std::uint64_t first, std::uint64_t count) {
  const MonotonicNs now_ns = monotonic_now_ns();
  const double interval_ns = 1e9 / static_cast<double>(end.point().rate_per_second);
  for (std::uint64_t i = first; i < first + count; ++i) {
    const MonotonicNs intended_ns = order.start_ns + static_cast<std::int64_t>(static_cast<double>(i) * interval_ns);
    end.latency().record(static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ns - intended_ns)));
  }
}

bool all_here(const ConnectionEnd& end, const Expectation& expected) {
  return expected.known() && end.arrived_messages() >= expected.get();
}

// Once the sender is done, a silence ends the phase: as losses where datagrams may be lost, else as a failure. When all
// is here only the answers' memory is awaited. Some paths let go of it when the sender's program says so, which it may
// do in the next phase alone.
Result<bool> given_up(const ConnectionEnd& end, const Expectation& expected, Ticks now, Ticks told_at) {
  if (!expected.known()) return false;
  const std::int64_t silent_ns = ticks_to_ns(now - std::max(end.last_arrival(), told_at));
  if (!end.limits().reliable || all_here(end, expected)) return silent_ns > quiet_ns;
  if (silent_ns > silence_bound_ns) return tl::make_unexpected(to_error(arrival_overdue));
  return false;
}

}  // namespace

Result<void> receive_workload(ConnectionEnd& end, const PhaseOrder& order, const Expectation& expected) {
  const Point& point = end.point();
  std::uint64_t echoes_owed = 0;
  Ticks told_at = 0;
  while (!all_here(end, expected) || echoes_owed > 0 || end.in_flight() > 0) {
    end.offer_buffers();
    const std::uint64_t before = end.arrived_messages();
    const ConnectionEnd::Turn turn = end.turn();
    if (end.failure()) return tl::make_unexpected(end.error());
    if (turn.arrived_messages > 0) {
      if (point.workload == Workload::paced) record_lateness(end, order, before, turn.arrived_messages);
      if (point.late_ns > 0) keep_waiting(point.late_ns, point.wait);
      if (point.workload == Workload::pingpong) echoes_owed = end.owed_with(echoes_owed, turn.arrived_messages);
    }
    if (echoes_owed > 0) echoes_owed -= end.lend(echoes_owed, turn.now);
    if (expected.known() && told_at == 0) told_at = turn.now;
    if (turn.progressed) continue;
    auto enough = given_up(end, expected, turn.now, told_at);
    if (!enough) return tl::make_unexpected(enough.error());
    if (*enough) break;
  }
  return {};
}

}  // namespace xover
