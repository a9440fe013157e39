// The bookkeeping. Ids are compared by their distance, modulo 2^32, so that the wrap needs no case of its own.
#include "transports/common/zerocopy_notifications.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace xover {

ZerocopyNotifications::ZerocopyNotifications(std::size_t depth, std::size_t max_ids, std::uint32_t first_id)
    : ops_(depth),
      released_(depth),
      calls_(std::bit_ceil(max_ids)),
      mask_(static_cast<std::uint32_t>(calls_.size() - 1)),
      oldest_id_(first_id),
      next_id_(first_id) {
  free_ops_.reserve(depth);
  for (std::size_t i = depth; i > 0; --i) free_ops_.push_back(static_cast<std::uint32_t>(i - 1));
}

void ZerocopyNotifications::begin(Token token) noexcept {
  assert(!open() && !free_ops_.empty());
  open_op_ = free_ops_.back();
  free_ops_.pop_back();
  ops_[open_op_] = Op{};
  ops_[open_op_].result.token = token;
}

void ZerocopyNotifications::sent(std::size_t size_bytes) noexcept {
  assert(open() && room());
  calls_[next_id_ & mask_] = {open_op_, static_cast<std::uint32_t>(size_bytes)};
  ++next_id_;
  ++outstanding_ids_;
  ++ops_[open_op_].outstanding;
  ops_[open_op_].result.bytes += size_bytes;
}

void ZerocopyNotifications::seal(Failure failure) noexcept {
  assert(open());
  const std::uint32_t op = open_op_;
  open_op_ = no_op;
  ops_[op].sealed = true;
  ops_[op].result.failure = failure;
  release_if_done(op);
}

void ZerocopyNotifications::complete(std::uint32_t first, std::uint32_t last, bool copied, Ledger& ledger) noexcept {
  (copied ? seen_copied_ : seen_not_copied_) = true;
  const bool mixed = seen_copied_ && seen_not_copied_;
  const Handover said = copied ? Handover::kernel_after_request : Handover::zero_copied;
  const std::uint32_t window = next_id_ - oldest_id_;
  // The part of the range that lies before the window is done already.
  std::uint32_t id = first;
  if (first - oldest_id_ > INT32_MAX) id = oldest_id_;
  for (; id - oldest_id_ < window && static_cast<std::int32_t>(last - id) >= 0; ++id) {
    const bool known = trusted_ && (!mixed || id == first);
    finish_call(id, known ? said : Handover::unverified, ledger);
  }
  while (oldest_id_ != next_id_ && calls_[oldest_id_ & mask_].op == no_op) ++oldest_id_;
  const bool ahead = static_cast<std::int32_t>(last - next_id_) >= 0;
  if (ahead && oldest_id_ == next_id_) oldest_id_ = next_id_ = last + 1;
  for (; static_cast<std::int32_t>(last - next_id_) >= 0 && room(); ++next_id_) calls_[next_id_ & mask_] = Call{};
}

void ZerocopyNotifications::finish_call(std::uint32_t id, Handover evidence, Ledger& ledger) noexcept {
  Call& call = calls_[id & mask_];
  if (call.op == no_op) return;
  const std::uint32_t op = std::exchange(call.op, no_op);
  ledger.complete(evidence, call.size_bytes);
  Released& result = ops_[op].result;
  result.evidence = ops_[op].booked && result.evidence != evidence ? Handover::unverified : evidence;
  ops_[op].booked = true;
  --ops_[op].outstanding;
  --outstanding_ids_;
  release_if_done(op);
}

void ZerocopyNotifications::release_if_done(std::uint32_t op) noexcept {
  if (ops_[op].sealed && ops_[op].outstanding == 0) released_.push(op);
}

void ZerocopyNotifications::abandon(Failure failure, Ledger& ledger) noexcept {
  if (open()) seal(failure);
  for (; oldest_id_ != next_id_; ++oldest_id_) {
    const Call& call = calls_[oldest_id_ & mask_];
    if (call.op == no_op) continue;
    if (!ops_[call.op].result.failure) ops_[call.op].result.failure = failure;
    finish_call(oldest_id_, Handover::unverified, ledger);
  }
}

bool ZerocopyNotifications::pop_released(Released& out) noexcept {
  if (released_.empty()) return false;
  const std::uint32_t op = released_.front();
  released_.pop();
  out = ops_[op].result;
  free_ops_.push_back(op);
  return true;
}

}  // namespace xover
