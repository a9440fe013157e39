// Messages out, bytes in, with the time that the caller says it is.
#include "harness/workloads/virtual_end.h"

#include <algorithm>
#include <utility>

#include "harness/workloads/touch.h"

namespace xover {

namespace {

constexpr Failure wrong_bytes{ErrorCode::internal, 0, "the receiver found bytes that were not sent"};

}  // namespace

Result<VirtualEnd> VirtualEnd::open(const SampleSpec& spec, Role role, unsigned connection) {
  auto endpoint = Endpoint::open(spec, role, {.channels = 1, .depth = spec.point.depth});
  if (!endpoint) return tl::make_unexpected(endpoint.error());
  if (!endpoint->limits().reliable)
    return make_error(ErrorCode::unsupported, "open session",
                      spec.variant.id + " may lose messages, which a virtual clock does not wait for");
  return VirtualEnd(spec, role, connection, std::move(*endpoint));
}

VirtualEnd::VirtualEnd(const SampleSpec& spec, Role role, unsigned connection, Endpoint endpoint)
    : point_(spec.point),
      role_(role),
      seed_(connection + 1),
      endpoint_(std::move(endpoint)),
      depth_(std::min<std::size_t>(spec.point.depth, endpoint_.limits().depth)) {}

Result<void> VirtualEnd::accept(MonotonicNs deadline) {
  if (auto accepted = endpoint_.accept(deadline); !accepted) return accepted;
  return prepare(point_.workload == Workload::pingpong, true);
}

Result<void> VirtualEnd::connect(const std::string& address, MonotonicNs deadline) {
  if (auto connected = endpoint_.connect(address, deadline); !connected) return connected;
  return prepare(true, point_.workload == Workload::pingpong);
}

Result<void> VirtualEnd::prepare(bool to_send, bool to_receive) {
  if (to_send) {
    auto pool = MessagePool::make(endpoint_.session(), point_, seed_);
    if (!pool) return tl::make_unexpected(pool.error());
    pool_ = std::move(*pool);
    lent_at_.assign(pool_.slots(), 0);
    on_loan_.assign(pool_.slots(), false);
  }
  if (!to_receive) return {};
  if (point_.touch == Touch::verify) checker_ = std::make_unique<PayloadChecker>(point_, endpoint_.limits(), seed_);
  auto buffers = ReceiveBuffers::make(endpoint_.limits(), point_.size_bytes);
  if (!buffers) return tl::make_unexpected(buffers.error());
  buffers_ = std::move(*buffers);
  return {};
}

void VirtualEnd::begin_phase(MonotonicNs now) {
  sent_messages_ = busy_ = arrived_messages_ = partial_message_bytes_ = 0;
  phase_first_position_ = stream_position_;
  first_ns_ = last_ns_ = now;
  latency_.clear();
  endpoint_.begin_phase();
}

bool VirtualEnd::lend(std::size_t most, MonotonicNs now) noexcept {
  bool any = false;
  for (; most > 0 && in_flight_ < depth_; --most) {
    const std::size_t slot = next_number_ % pool_.slots();
    if (on_loan_[slot]) break;
    const SendOp op{slot, pool_.message(slot)};
    const Submitted submitted = endpoint_.channel().submit({&op, 1});
    if (submitted.stop == Stop::busy) ++busy_;
    if (submitted.stop == Stop::failed) endpoint_.fail(endpoint_.channel().failure());
    if (submitted.accepted == 0) break;
    on_loan_[slot] = true;
    lent_at_[slot] = now;
    ++next_number_, ++in_flight_, ++sent_messages_;
    any = true;
  }
  return any;
}

VirtualEnd::Turn VirtualEnd::turn(MonotonicNs now) noexcept {
  buffers_.offer_to(endpoint_.channel());
  Turn turn;
  for (Completion& completion : endpoint_.take()) {
    turn.progressed = true;
    if (completion.moments.has(Moment::released)) take_release(completion, now);
    if (completion.moments.has(Moment::received)) turn.arrived_messages += take_arrival(completion, now);
    if (completion.moments.has(Moment::closed)) endpoint_.note_closed(completion);
  }
  return turn;
}

void VirtualEnd::take_release(const Completion& completion, MonotonicNs now) noexcept {
  on_loan_[completion.token] = false;
  --in_flight_;
  if (role_ == Role::sender) last_ns_ = now;
  if (point_.workload == Workload::stream) record_latency(now - lent_at_[completion.token]);
  if (completion.failure) endpoint_.fail(completion.failure);
}

std::uint64_t VirtualEnd::take_arrival(Completion& completion, MonotonicNs now) noexcept {
  const std::span<const std::byte> bytes = buffers_.take(completion);
  if (completion.failure) endpoint_.fail(completion.failure);
  if (completion.bytes == 0) return 0;
  if (role_ == Role::receiver) last_ns_ = now;
  if (checker_ && !checker_->stream_matches(bytes, stream_position_)) endpoint_.fail(wrong_bytes);
  if (point_.touch == Touch::read) touched_ += read_every_byte(bytes);
  completion.lease = Lease();
  stream_position_ += completion.bytes;
  partial_message_bytes_ += completion.bytes;
  const std::uint64_t arrived = partial_message_bytes_ / point_.size_bytes;
  partial_message_bytes_ -= arrived * point_.size_bytes;
  arrived_messages_ += arrived;
  return arrived;
}

void VirtualEnd::add_to(SideReport& report) const {
  report.messages += role_ == Role::sender ? sent_messages_ : arrived_messages_;
  report.bytes += role_ == Role::sender ? sent_messages_ * point_.size_bytes : stream_position_ - phase_first_position_;
  report.busy += busy_;
  report.latency.merge(latency_);
  report.cover(first_ns_, last_ns_);
  report.ledger += endpoint_.booked();
  endpoint_.add_counters_to(report);
}

}  // namespace xover
