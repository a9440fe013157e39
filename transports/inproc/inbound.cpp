// A slot is taken, copied for a bounded run, and put back, so that a sender which wants its memory back never waits for
// more than one such run.
#include "transports/inproc/inbound.h"

#include <algorithm>

namespace xover {

namespace {

constexpr std::size_t run_bytes = 256 * 1024;

bool take(Slot& slot, SlotState from) noexcept {
  return slot.state.compare_exchange_strong(from, SlotState::copying, std::memory_order_acq_rel,
                                            std::memory_order_acquire);
}

}  // namespace

Inbound::Inbound(std::uint32_t channel, WireDirection& direction, Ledger& ledger, std::size_t max_offered)
    : channel_(channel), direction_(direction), ledger_(ledger), buffers_(max_offered) {}

std::size_t Inbound::offer(std::span<const RxBuffer> buffers) noexcept {
  if (ended_) return 0;
  const std::size_t accepted =
      std::min(buffers.size(), buffers_.size() - static_cast<std::size_t>(offered_ - returned_));
  for (const RxBuffer& given : buffers.first(accepted)) buffer(offered_++) = given;
  return accepted;
}

bool Inbound::fill() noexcept {
  bool passed_any = false;
  while (!ended_) {
    Slot& source = slot();
    const SlotState state = source.state.load(std::memory_order_acquire);
    bool pass = state == SlotState::withdrawn;
    if (state == SlotState::published || state == SlotState::partial) {
      if (filling_ == offered_) break;
      if (!take(source, state)) continue;  // withdrawn in between
      pass = copy_from(source);
    } else if (!pass) {
      break;
    }
    if (!pass) continue;
    source.state.store(SlotState::passed, std::memory_order_release);
    ++slot_;
    segment_ = segment_offset_ = 0;
    passed_any = true;
  }
  return passed_any;
}

// Copies one run from a slot that is ours. True when all of it was copied; else it has been put back.
bool Inbound::copy_from(Slot& source) noexcept {
  std::size_t left_bytes = run_bytes;
  while (left_bytes != 0 && segment_ != source.segments.size() && filling_ != offered_) {
    const std::size_t copied = copy_run(source.segments[segment_], left_bytes);
    left_bytes -= copied;
    source.copied_bytes += copied;
    if (segment_offset_ == source.segments[segment_].size_bytes) {
      ++segment_;
      segment_offset_ = 0;
    }
  }
  while (segment_ != source.segments.size() && source.segments[segment_].size_bytes == 0) ++segment_;
  if (segment_ == source.segments.size()) return true;
  source.state.store(SlotState::partial, std::memory_order_release);
  return false;
}

std::size_t Inbound::copy_run(const Segment& from, std::size_t limit_bytes) noexcept {
  const RxBuffer& to = buffer(filling_);
  const std::size_t size = std::min({limit_bytes, from.size_bytes - segment_offset_, to.size_bytes - filled_bytes_});
  counted_copy(ledger_, to.data + filled_bytes_, from.data + segment_offset_, size);
  segment_offset_ += size;
  filled_bytes_ += size;
  if (filled_bytes_ == to.size_bytes) {
    ++filling_;
    filled_bytes_ = 0;
  }
  return size;
}

void Inbound::stop(const Failure& why) noexcept {
  if (ended_) return;
  ended_ = true;
  end_failure_ = why;
  direction_.receiver_gone.store(true, std::memory_order_release);
}

// The order of the two looks matters: an ending is announced behind the last slot, so a slot that still waits for its
// next op after the ending was seen will wait for ever. (`passed`: the sender has not reaped the last one yet.)
bool Inbound::peer_ended() const noexcept {
  const WireEnding ending = direction_.ending.load(std::memory_order_acquire);
  if (ending == WireEnding::open) return false;
  const SlotState state = slot().state.load(std::memory_order_acquire);
  return ending == WireEnding::reset || state == SlotState::free || state == SlotState::passed;
}

void Inbound::look_for_the_end() noexcept {
  if (ended_ || !peer_ended()) return;
  ended_ = true;
  if (direction_.ending.load(std::memory_order_acquire) == WireEnding::reset) {
    end_failure_ = {ErrorCode::peer_died, 0, "receive"};
  }
}

void Inbound::report_received(Completion& out, std::uint64_t bytes) noexcept {
  ledger_.complete(Handover::zero_copied, bytes);
  out = {.channel = channel_,
         .moments = Moment::received,
         .evidence = Handover::zero_copied,
         .token = buffer(returned_).token,
         .bytes = bytes};
}

bool Inbound::next_completion(Completion& out) noexcept {
  if (returned_ != filling_) {
    report_received(out, buffer(returned_).size_bytes);
    ++returned_;
    return true;
  }
  look_for_the_end();
  if (returned_ != offered_ && (filled_bytes_ != 0 || ended_)) {
    report_received(out, filled_bytes_);
    if (filled_bytes_ == 0) out.failure = end_failure_;
    filled_bytes_ = 0;
    filling_ = ++returned_;
    return true;
  }
  if (!ended_ || closed_reported_ || (end_failure_ && !failed_close_allowed_)) return false;
  closed_reported_ = true;
  out = {.channel = channel_, .moments = Moment::closed, .failure = end_failure_};
  return true;
}

bool Inbound::has_completion() const noexcept {
  if (closed_reported_) return false;
  if (returned_ != filling_ || filled_bytes_ != 0 || ended_ || peer_ended()) return true;
  const SlotState state = slot().state.load(std::memory_order_acquire);
  return state == SlotState::withdrawn ||
         (filling_ != offered_ && (state == SlotState::published || state == SlotState::partial));
}

}  // namespace xover
