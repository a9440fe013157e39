// The sending ends of the workloads.
#include "harness/workloads/loops.h"
#include "harness/workloads/waiting.h"

namespace xover {

namespace {

constexpr std::int64_t lost_echo_ns = 200'000'000;

constexpr Failure echo_overdue{ErrorCode::timed_out, 0, "no answer came within 5 s"};

tl::unexpected<Error> dead(const ConnectionEnd& end) { return tl::make_unexpected(end.error()); }

// Until nothing is on loan.
Result<void> drain(ConnectionEnd& end) {
  const MonotonicNs bound = monotonic_now_ns() + silence_bound_ns;
  while (end.in_flight() > 0 && !end.failure()) {
    end.turn();
    if (monotonic_now_ns() > bound) return tl::make_unexpected(to_error(release_overdue));
  }
  if (end.failure()) return dead(end);
  return {};
}

Result<void> send_stream(ConnectionEnd& end, const PhaseOrder& order) {
  end.time_releases();
  const Ticks phase_ticks = ticks_of(order.duration_ns);
  const Ticks start = ticks_now();
  const std::size_t depth = end.point().depth;
  for (Ticks now = start; now - start < phase_ticks && !end.failure();) {
    end.lend(depth, now);
    now = end.turn().now;
  }
  return drain(end);
}

// Waits for the echo of one message, or until a datagram or its answer must be lost; when that was.
Result<Ticks> await_echo(ConnectionEnd& end, Ticks sent_at) {
  const std::int64_t patience_ns = end.limits().reliable ? silence_bound_ns : lost_echo_ns;
  std::uint64_t arrived = 0;
  Ticks now = sent_at;
  while (arrived == 0 || end.in_flight() > 0) {
    end.offer_buffers();
    const ConnectionEnd::Turn turn = end.turn();
    if (end.failure()) return dead(end);
    const std::int64_t waited_ns = ticks_to_ns(turn.now - sent_at);
    if (turn.arrived_messages > 0) end.latency().record(static_cast<std::uint64_t>(waited_ns));
    arrived += turn.arrived_messages;
    if (waited_ns > patience_ns) {
      if (end.limits().reliable) return tl::make_unexpected(to_error(echo_overdue));
      return turn.now;
    }
    now = turn.now;
  }
  return now;
}

Result<void> send_pingpong(ConnectionEnd& end, const PhaseOrder& order) {
  const Ticks start = ticks_now();
  for (Ticks now = start; now - start < ticks_of(order.duration_ns);) {
    end.offer_buffers();
    const Ticks sent_at = now;  // the last answer came just now
    while (end.lend(1, sent_at) == 0) {
      if (end.failure()) return dead(end);
      end.turn();
    }
    auto echoed = await_echo(end, sent_at);
    if (!echoed) return tl::make_unexpected(echoed.error());
    now = *echoed;
  }
  return drain(end);
}

Result<void> send_paced(ConnectionEnd& end, const PhaseOrder& order) {
  const auto rate = static_cast<double>(end.point().rate_per_second);
  const auto messages = static_cast<std::uint64_t>(static_cast<double>(order.duration_ns) * 1e-9 * rate);
  for (std::uint64_t i = 0; i < messages && !end.failure(); ++i) {
    const MonotonicNs intended_ns = order.start_ns + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / rate);
    while (monotonic_now_ns() < intended_ns) {
      if (end.in_flight() == 0 && end.point().wait == Wait::block) sleep_until(intended_ns);
      end.turn_until(intended_ns);
    }
    while (end.lend(1, ticks_now()) == 0 && !end.failure()) end.turn();
  }
  return drain(end);
}

}  // namespace

Result<void> send_workload(ConnectionEnd& end, const PhaseOrder& order) {
  switch (end.point().workload) {
    case Workload::stream: return send_stream(end, order);
    case Workload::pingpong: return send_pingpong(end, order);
    case Workload::paced: return send_paced(end, order);
    case Workload::file:
    case Workload::fanout: break;  // have ends of their own
  }
  return {};
}

}  // namespace xover
