// The data plane of a connection's end: lending messages, taking completions. No allocation, no logging.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "harness/workloads/connection_end.h"
#include "harness/workloads/touch.h"

namespace xover {

namespace {

constexpr std::int64_t nap_ns = 40'000'000;

constexpr Failure wrong_bytes{ErrorCode::internal, 0, "the receiver found bytes that were not sent"};
constexpr Failure closed_early{ErrorCode::peer_died, 0, "the peer closed in the middle of a phase"};

}  // namespace

std::size_t ConnectionEnd::lend(std::size_t most, Ticks now) noexcept {
  std::array<SendOp, burst> ops;
  const std::size_t room = std::min({most, depth_ - in_flight_, burst});
  std::size_t count = 0;
  for (; count < room; ++count) {
    const std::uint64_t number = next_number_ + count;
    const std::size_t slot = number % pool_.slots();
    if (on_loan_[slot]) break;
    if (datagrams_) pool_.stamp(number, Sequence::of(phase_, number - phase_first_number_));
    ops[count] = {number, pool_.message(number)};
  }
  if (count == 0) return 0;

  const Submitted submitted = channel_->submit({ops.data(), count});
  for (std::size_t i = 0; i < submitted.accepted; ++i) {
    const std::size_t slot = ops[i].token % pool_.slots();
    on_loan_[slot] = true;
    lent_at_[slot] = now;
  }
  next_number_ += submitted.accepted;
  in_flight_ += submitted.accepted;
  sent_messages_ += submitted.accepted;
  if (submitted.stop == Stop::busy) ++busy_;
  if (submitted.stop == Stop::failed && !failure_) failure_ = channel_->failure();
  return submitted.accepted;
}

// Reading the exact clock for each nap would cost a ping-pong more than the rest of its loop, so a deadline serves
// many.
ConnectionEnd::Turn ConnectionEnd::turn() noexcept {
  const Turn turn = turn_until(nap_deadline_ns_);
  if (turn.now - nap_renewed_at_ > ticks_between_renewals_) renew_nap_deadline(turn.now);
  return turn;
}

void ConnectionEnd::renew_nap_deadline(Ticks now) noexcept {
  nap_renewed_at_ = now;
  nap_deadline_ns_ = monotonic_now_ns() + nap_ns;
}

ConnectionEnd::Turn ConnectionEnd::turn_until(MonotonicNs deadline) noexcept {
  if (waiter_ != nullptr) waiter_->wait(deadline);
  const std::size_t count = session_->reap(completions_);
  if (needs_time(count)) now_ = ticks_now();
  Turn turn;
  turn.now = now_;
  turn.progressed = count > 0;
  for (std::size_t i = 0; i < count; ++i) {
    Completion& completion = completions_[i];
    if (completion.moments.has(Moment::released)) take_release(completion, turn.now);
    if (completion.moments.has(Moment::received)) turn.arrived_messages += take_arrival(completion, turn.now);
    if (completion.moments.has(Moment::closed)) {
      closed_ = true;
      if (!failure_) failure_ = completion.failure ? completion.failure : closed_early;
    }
  }
  return turn;
}

// Reading the counter costs a spinning receiver a tenth of its turn, so empty turns share a reading, and a release has
// none of its own unless releases are timed. After a nap it is always read.
bool ConnectionEnd::needs_time(std::size_t completions) noexcept {
  constexpr std::uint32_t turns_that_share = 16;
  if (records_release_latency) return true;
  if (completions == 0) return waiter_ != nullptr || ++turns_without_time_ % turns_that_share == 0;
  for (std::size_t i = 0; i < completions; ++i)
    if (completions_[i].moments.has(Moment::received)) return true;
  return false;
}

void ConnectionEnd::take_release(const Completion& completion, Ticks now) noexcept {
  const std::size_t slot = completion.token % pool_.slots();
  on_loan_[slot] = false;
  --in_flight_;
  if (records_release_latency) latency_.record(static_cast<std::uint64_t>(ticks_to_ns(now - lent_at_[slot])));
  if (!completion.failure) return;
  if (limits().reliable) {
    if (!failure_) failure_ = completion.failure;
    return;
  }
  --sent_messages_;
  ++failed_messages_;
}

std::uint64_t ConnectionEnd::take_arrival(Completion& completion, Ticks now) noexcept {
  std::span<const std::byte> bytes;
  if (completion.lease) {
    bytes = completion.lease.bytes();
  } else {
    idle_buffers_.push_back(static_cast<std::uint32_t>(completion.token));  // within its capacity: no allocation
    bytes = {receive_pages_.data() + completion.token * receive_buffer_bytes_, completion.bytes};
  }
  if (completion.failure && !failure_) failure_ = completion.failure;
  if (completion.bytes == 0) return 0;

  last_arrival_ = now;
  std::uint64_t arrived = 0;
  if (datagrams_) {
    arrived = take_datagram(bytes);
  } else {
    if (checker_ && !checker_->stream_matches(bytes, stream_position_) && !failure_) failure_ = wrong_bytes;
    stream_position_ += completion.bytes;
    partial_message_bytes_ += completion.bytes;
    if (partial_message_bytes_ >= spec_.point.size_bytes) {
      arrived = partial_message_bytes_ / spec_.point.size_bytes;
      partial_message_bytes_ -= arrived * spec_.point.size_bytes;
    }
  }
  arrived_messages_ += arrived;
  touch(bytes);
  completion.lease = Lease();
  return arrived;
}

std::uint64_t ConnectionEnd::take_datagram(std::span<const std::byte> bytes) noexcept {
  std::uint64_t sequence = 0;
  if (bytes.size() < sequence_bytes) return 0;
  std::memcpy(&sequence, bytes.data(), sequence_bytes);
  if (sequence >> Sequence::phase_shift != phase_) return 0;
  const std::uint64_t number = sequence & ((1ull << Sequence::phase_shift) - 1);
  if (checker_ && !checker_->datagram_matches(bytes, number) && !failure_) failure_ = wrong_bytes;
  return 1;
}

void ConnectionEnd::touch(std::span<const std::byte> bytes) noexcept {
  if (point().touch == Touch::read) touched_ += read_every_byte(bytes);
}

void ConnectionEnd::offer_buffers() noexcept {
  while (!idle_buffers_.empty() && !closed_) {
    const std::uint32_t buffer = idle_buffers_.back();
    const RxBuffer offered{buffer, receive_pages_.data() + buffer * receive_buffer_bytes_, receive_buffer_bytes_};
    if (channel_->offer({&offered, 1}) == 0) return;
    idle_buffers_.pop_back();
  }
}

}  // namespace xover
