// The data plane of a connection's end: lending messages, taking completions. No allocation, no logging.
#include <algorithm>
#include <array>
#include <cassert>

#include "harness/workloads/connection_end.h"
#include "harness/workloads/touch.h"

namespace xover {

namespace {

constexpr Failure wrong_bytes{ErrorCode::internal, 0, "the receiver found bytes that were not sent"};

}  // namespace

std::size_t ConnectionEnd::lend(std::size_t most, Ticks now) noexcept {
  std::array<SendOp, burst> ops;
  const std::size_t room = std::min({most, depth_ - in_flight_, burst});
  const std::size_t slots = pool_.slots(), first_slot = next_number_ % slots;
  std::size_t count = 0;
  for (; count < room; ++count) {
    const std::size_t slot = first_slot + count < slots ? first_slot + count : first_slot + count - slots;
    if (on_loan_[slot]) break;
    if (datagrams_) pool_.stamp(slot, Sequence::of(phase_, next_number_ + count - phase_first_number_));
    ops[count] = {slot, pool_.message(slot)};
  }
  if (count == 0) return 0;

  const Submitted submitted = endpoint_.channel().submit({ops.data(), count});
  for (std::size_t i = 0; i < submitted.accepted; ++i) {
    const std::size_t slot = ops[i].token;
    on_loan_[slot] = true;
    lent_at_[slot] = now;
  }
  next_number_ += submitted.accepted;
  in_flight_ += submitted.accepted;
  sent_messages_ += submitted.accepted;
  if (submitted.stop == Stop::busy) ++busy_;
  if (submitted.stop == Stop::failed) endpoint_.fail(endpoint_.channel().failure());
  return submitted.accepted;
}

ConnectionEnd::Turn ConnectionEnd::take(std::span<Completion> completions) noexcept {
  Turn turn;
  turn.now = endpoint_.now();
  turn.progressed = !completions.empty();
  for (Completion& completion : completions) {
    if (completion.moments.has(Moment::released)) take_release(completion, turn.now);
    if (completion.moments.has(Moment::received)) turn.arrived_messages += take_arrival(completion, turn.now);
    if (completion.moments.has(Moment::closed)) endpoint_.note_closed(completion);
  }
  return turn;
}

void ConnectionEnd::take_release(const Completion& completion, Ticks now) noexcept {
  const std::size_t slot = completion.token;
  on_loan_[slot] = false;
  --in_flight_;
  if (endpoint_.times_releases) latency_.record(static_cast<std::uint64_t>(ticks_to_ns(now - lent_at_[slot])));
  if (!completion.failure) return;
  if (limits().reliable) return endpoint_.fail(completion.failure);
  --sent_messages_;
  ++failed_messages_;
  endpoint_.note_refusal(completion.failure);
}

std::uint64_t ConnectionEnd::take_arrival(Completion& completion, Ticks now) noexcept {
  const std::span<const std::byte> bytes = buffers_.take(completion);
  if (completion.failure) endpoint_.fail(completion.failure);
  if (completion.bytes == 0) return 0;

  last_arrival_ = now;
  const std::uint64_t arrived = datagrams_ ? take_datagram(completion, bytes) : take_stream(bytes, completion.bytes);
  arrived_messages_ += arrived;
  if (point().touch == Touch::read) touched_ += read_every_byte(bytes);
  completion.lease = Lease();
  return arrived;
}

std::uint64_t ConnectionEnd::take_stream(std::span<const std::byte> bytes, std::uint64_t count) noexcept {
  if (checker_ && !checker_->stream_matches(bytes, stream_position_)) endpoint_.fail(wrong_bytes);
  stream_position_ += count;
  partial_message_bytes_ += count;
  if (partial_message_bytes_ < spec_.point.size_bytes) return 0;
  if (partial_message_bytes_ == spec_.point.size_bytes) {
    partial_message_bytes_ = 0;
    return 1;
  }
  const std::uint64_t arrived = partial_message_bytes_ / spec_.point.size_bytes;
  partial_message_bytes_ -= arrived * spec_.point.size_bytes;
  return arrived;
}

// Counted with its last piece, when none was missing; its phase and number are known from the first on, or nearly so.
std::uint64_t ConnectionEnd::take_datagram(const Completion& completion, std::span<const std::byte> bytes) noexcept {
  const auto offset = arriving_.take(completion.piece, bytes);
  if (!offset || !arriving_.has_sequence() || Sequence::phase(arriving_.sequence()) != phase_) return 0;
  const std::uint64_t number = Sequence::number(arriving_.sequence());
  const bool too_short = completion.last && arriving_.size_bytes() < spec_.point.size_bytes;
  if (checker_ && (too_short || !checker_->datagram_matches(bytes, number, *offset))) endpoint_.fail(wrong_bytes);
  return completion.last ? count_datagram(number) : 0;
}

// A pingpong answers a datagram under the number that it came with, so that an answer that was given up as lost is not
// taken for the next one's.
std::uint64_t ConnectionEnd::count_datagram(std::uint64_t number) noexcept {
  if (point().workload != Workload::pingpong) return 1;
  if (role_ == Role::receiver) {
    next_number_ = phase_first_number_ + number;
    return 1;
  }
  const bool awaited = phase_first_number_ + number + 1 == next_number_;
  late_answers_ += awaited ? 0 : 1;
  return awaited ? 1 : 0;
}

}  // namespace xover
