// Opening, phases and reporting of a connection's end; its data plane is in connection_end_datapath.cpp.
#include "harness/workloads/connection_end.h"

#include <algorithm>

#include "harness/workloads/loops.h"

namespace xover {

namespace {

// All receivers of a fanout get the same message, so they check it by the same seed.
std::uint64_t seed_of(const Point& point, unsigned connection) {
  return point.workload == Workload::fanout ? fanout_seed : connection + 1;
}

}  // namespace

Result<std::unique_ptr<End>> ConnectionEnd::open(const SampleSpec& spec, Role role, unsigned connection) {
  auto endpoint = Endpoint::open(spec, role, {.channels = 1, .depth = spec.point.depth, .connection = connection});
  if (!endpoint) return tl::make_unexpected(endpoint.error());
  return std::unique_ptr<End>(new ConnectionEnd(spec, role, connection, std::move(*endpoint)));
}

ConnectionEnd::ConnectionEnd(const SampleSpec& spec, Role role, unsigned connection, Endpoint endpoint)
    : spec_(spec),
      role_(role),
      seed_(seed_of(spec.point, connection)),
      endpoint_(std::move(endpoint)),
      datagrams_(endpoint_.datagrams()),
      depth_(std::min<std::size_t>(spec.point.depth, endpoint_.limits().depth)) {}

Result<void> ConnectionEnd::accept(MonotonicNs deadline) {
  if (auto accepted = endpoint_.accept(deadline); !accepted) return accepted;
  return prepare(spec_.point.workload == Workload::pingpong, true);
}

Result<void> ConnectionEnd::connect(std::span<const std::string> addresses, MonotonicNs deadline) {
  if (auto connected = endpoint_.connect(addresses.front(), deadline); !connected) return connected;
  return prepare(true, spec_.point.workload == Workload::pingpong);
}

Result<void> ConnectionEnd::prepare(bool to_send, bool to_receive) {
  if (to_send) {
    auto pool = MessagePool::make(endpoint_.session(), spec_.point, seed_);
    if (!pool) return tl::make_unexpected(pool.error());
    pool_ = std::move(*pool);
    lent_at_.assign(pool_.slots(), 0);
    on_loan_.assign(pool_.slots(), false);
  }
  if (to_receive) {
    if (spec_.point.touch == Touch::verify) checker_ = std::make_unique<PayloadChecker>(spec_.point, limits(), seed_);
    auto buffers = ReceiveBuffers::make(limits(), spec_.point.size_bytes);
    if (!buffers) return tl::make_unexpected(buffers.error());
    buffers_ = std::move(*buffers);
  }
  return {};
}

void ConnectionEnd::begin_phase(std::uint32_t phase) {
  phase_ = phase;
  if (datagrams_ && pool_.slots() > 0) next_number_ += (pool_.slots() - next_number_ % pool_.slots()) % pool_.slots();
  phase_first_number_ = next_number_;
  phase_first_position_ = stream_position_;
  sent_messages_ = failed_messages_ = busy_ = arrived_messages_ = partial_message_bytes_ = late_answers_ = 0;
  last_arrival_ = ticks_now();
  latency_.clear();
  endpoint_.begin_phase();
}

Result<void> ConnectionEnd::run_phase(const PhaseOrder& order, const Expectation& expected) {
  begin_phase(order.number);
  first_ns_ = role_ == Role::sender && spec_.point.workload == Workload::paced ? order.start_ns : monotonic_now_ns();
  const Result<void> result =
      role_ == Role::sender ? send_workload(*this, order) : receive_workload(*this, order, expected);
  last_ns_ = monotonic_now_ns();
  // The last arrival was stamped with the cheap counter; it is placed on the shared clock here.
  if (role_ == Role::receiver) last_ns_ -= ticks_to_ns(ticks_now() - last_arrival_);
  const Result<void> outcome = result && sent_messages_ == 0 ? endpoint_.unless_all_refused() : result;
  if (!outcome) endpoint_.abort();
  return outcome;
}

void ConnectionEnd::add_to(SideReport& report) const {
  const std::uint64_t messages = role_ == Role::sender ? sent_messages_ : arrived_messages_;
  report.messages += messages;
  if (role_ == Role::receiver && !datagrams_)
    report.bytes += stream_position_ - phase_first_position_;
  else
    report.bytes += messages * (spec_.point.size_bytes - (datagrams_ ? sequence_bytes : 0));
  report.busy += busy_;
  report.latency.merge(latency_);
  report.cover(first_ns_, last_ns_);
  report.ledger += endpoint_.booked();
  endpoint_.add_counters_to(report);
  if (failed_messages_ > 0) report.counters["failed_messages"] += failed_messages_;
  if (late_answers_ > 0) report.counters["late_answers"] += late_answers_;
}

}  // namespace xover
