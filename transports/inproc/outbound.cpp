// Completions come in the order of the ops, but for withdrawn ones, which need not wait for those before them.
#include "transports/inproc/outbound.h"

#include <algorithm>
#include <cassert>

namespace xover {

namespace {

bool take_back(Slot& slot, SlotState from) noexcept {
  return slot.state.compare_exchange_strong(from, SlotState::withdrawn, std::memory_order_acq_rel,
                                            std::memory_order_acquire);
}

}  // namespace

Outbound::Outbound(std::uint32_t channel, WireDirection& direction, Ledger& ledger)
    : channel_(channel), direction_(direction), ledger_(ledger), pending_(direction.slots.size()) {}

void Outbound::publish(const SendOp& op, SharedOp* shared, const Faults::Fate& fate) noexcept {
  assert(!full());
  Pending& entry = pending(next_);
  entry = {.token = op.token,
           .bytes = total_bytes(op.segments),
           .drop_completion = fate.drop_completion,
           .due_ns = fate.delay_ns == 0 ? 0 : monotonic_now_ns() + fate.delay_ns,
           .shared = shared};
  Slot& place = slot(next_++);
  place.segments = op.segments;
  place.copied_bytes = 0;
  // An empty op has nothing to copy: it is done at once, and its slot is only there to be passed.
  if (entry.bytes == 0) mark_withdrawn(entry, {});
  place.state.store(entry.bytes == 0 ? SlotState::withdrawn : SlotState::published, std::memory_order_release);
}

void Outbound::mark_withdrawn(Pending& op, const Failure& why) noexcept {
  op.stage = Stage::withdrawn;
  op.failure = why;
  ++withdrawn_;
}

bool Outbound::withdraw(Token token) noexcept {
  for (std::uint64_t op = oldest_; op != next_; ++op) {
    Pending& entry = pending(op);
    if (entry.token != token || entry.stage != Stage::lent) continue;
    if (entry.shared != nullptr || !take_back(slot(op), SlotState::published)) return false;
    mark_withdrawn(entry, {ErrorCode::cancelled, 0, "cancel"});
    return true;
  }
  return false;
}

bool Outbound::withdraw_all(const Failure& why) noexcept {
  bool all = true;
  for (std::uint64_t op = oldest_; op != next_; ++op) {
    Pending& entry = pending(op);
    if (entry.stage != Stage::lent) continue;
    if (take_back(slot(op), SlotState::published) || take_back(slot(op), SlotState::partial)) {
      mark_withdrawn(entry, why);
    } else if (slot(op).state.load(std::memory_order_acquire) != SlotState::passed) {
      all = false;
    }
  }
  return all;
}

bool Outbound::passed(std::uint64_t op) const noexcept {
  return slot(op).state.load(std::memory_order_acquire) == SlotState::passed;
}

bool Outbound::delivered() const noexcept {
  for (std::uint64_t op = oldest_; op != next_; ++op) {
    if (pending(op).stage == Stage::lent && !passed(op)) return false;
  }
  return true;
}

bool Outbound::next_completion(Completion& out) noexcept {
  return release_in_order(out) || report_sent(out) || release_withdrawn(out);
}

bool Outbound::release_in_order(Completion& out) noexcept {
  while (oldest_ != next_) {
    const Pending& entry = pending(oldest_);
    if (entry.stage == Stage::lent) {
      if (!passed(oldest_)) return false;
      if (entry.due_ns != 0 && entry.due_ns > monotonic_now_ns()) return false;
    }
    if (entry.stage != Stage::reported && release(oldest_, out)) return true;
    if (!passed(oldest_) && !receiver_gone_) return false;
    slot(oldest_).state.store(SlotState::free, std::memory_order_relaxed);
    ++oldest_;
    unsent_ = std::max(unsent_, oldest_);
  }
  return false;
}

bool Outbound::report_sent(Completion& out) noexcept {
  while (unsent_ != next_) {
    Pending& entry = pending(unsent_++);
    if (entry.stage != Stage::lent || entry.sent_reported) continue;
    if (entry.shared != nullptr) {
      if (entry.shared->first_channel != channel_) continue;
      entry.shared->sent_reported = true;
    }
    entry.sent_reported = true;
    out = {.channel = channel_, .moments = Moment::sent, .token = entry.token};
    return true;
  }
  return false;
}

bool Outbound::release_withdrawn(Completion& out) noexcept {
  for (std::uint64_t op = oldest_; withdrawn_ != 0 && op != next_; ++op) {
    if (pending(op).stage == Stage::withdrawn && release(op, out)) return true;
  }
  return false;
}

// Ends one op. False when that is nothing to report: a shared op that other channels still hold, or a dropped one.
bool Outbound::release(std::uint64_t op, Completion& out) noexcept {
  Pending& entry = pending(op);
  const std::uint64_t went_bytes = entry.stage == Stage::withdrawn ? slot(op).copied_bytes : entry.bytes;
  if (entry.stage == Stage::withdrawn) --withdrawn_;
  entry.stage = Stage::reported;
  ledger_.complete(Handover::zero_copied, went_bytes);
  if (entry.shared != nullptr) return release_shared(entry, went_bytes, out);
  if (entry.drop_completion && entry.sent_reported) return false;
  const bool sent_now = !entry.sent_reported && !entry.failure;
  if (entry.drop_completion) {
    out = {.channel = channel_, .moments = Moment::sent, .token = entry.token};
    return true;
  }
  out = {.channel = channel_,
         .moments = sent_now ? Moment::sent | Moment::released : Moments(Moment::released),
         .evidence = Handover::zero_copied,
         .token = entry.token,
         .bytes = went_bytes,
         .failure = entry.failure};
  return true;
}

bool Outbound::release_shared(Pending& op, std::uint64_t went_bytes, Completion& out) noexcept {
  SharedOp& shared = *op.shared;
  shared.bytes = std::min(shared.bytes, went_bytes);
  if (!shared.failure) shared.failure = op.failure;
  if (--shared.waiting != 0) return false;
  const bool sent_now = !shared.sent_reported && !shared.failure;
  out = {.channel = shared.first_channel,
         .moments = sent_now ? Moment::sent | Moment::released : Moments(Moment::released),
         .evidence = Handover::zero_copied,
         .token = shared.token,
         .bytes = shared.bytes,
         .failure = shared.failure};
  return true;
}

bool Outbound::has_completion() const noexcept {
  if (withdrawn_ != 0 || unsent_ != next_) return true;
  return oldest_ != next_ && (passed(oldest_) || (receiver_gone_ && pending(oldest_).stage == Stage::reported));
}

}  // namespace xover
