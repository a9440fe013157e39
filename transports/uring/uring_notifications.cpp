// Slots of ops and requests, and the law that takes them from one state to the next.
#include "transports/uring/uring_notifications.h"

#include <cassert>

namespace xover {

namespace {

std::vector<std::uint32_t> all_free(std::size_t count) {
  std::vector<std::uint32_t> free(count);
  for (std::size_t i = 0; i < count; ++i) free[i] = static_cast<std::uint32_t>(count - 1 - i);
  return free;
}

}  // namespace

UringNotifications::UringNotifications(std::size_t depth, std::size_t max_requests, Asked asked)
    : asked_(asked),
      ops_(depth),
      requests_(max_requests),
      free_ops_(all_free(depth)),
      free_requests_(all_free(max_requests)),
      released_(depth) {
  assert(max_requests <= most_requests);
  for (std::uint32_t i = 0; i < max_requests; ++i) requests_[i].name = i;
}

std::uint32_t UringNotifications::begin(Token token) noexcept {
  assert(!free_ops_.empty());
  const std::uint32_t number = free_ops_.back();
  free_ops_.pop_back();
  Op& op = ops_[number];
  op = {};
  op.open = true;
  op.result.token = token;
  op.result.op = number;
  if (asked_ == Asked::copy) op.result.evidence = Handover::kernel_by_design;
  return number;
}

void UringNotifications::forget(std::uint32_t op) noexcept {
  assert(ops_[op].open && ops_[op].requests == 0);
  ops_[op].open = false;
  free_ops_.push_back(op);  // within its capacity: no allocation
}

std::uint32_t UringNotifications::request(std::uint32_t op) noexcept {
  assert(room() && ops_[op].open && !ops_[op].sealed);
  Request& request = requests_[free_requests_.back()];
  free_requests_.pop_back();
  const std::uint32_t name = request.name + most_requests;  // the next generation
  request = {};
  request.op = op;
  request.name = name;
  request.in_use = true;
  ++ops_[op].requests;
  ++outstanding_;
  return name;
}

void UringNotifications::seal(std::uint32_t op, Failure failure) noexcept {
  assert(ops_[op].open && !ops_[op].sealed);
  ops_[op].sealed = true;
  ops_[op].result.failure = failure;
  release_if_done(ops_[op]);
}

void UringNotifications::first_entry(std::uint32_t name, std::uint64_t bytes, bool more, Ledger& ledger) noexcept {
  Request& request = request_of(name);
  assert(request.in_use && request.name == name && !request.first);
  request.first = true;
  request.more = more;
  request.bytes = bytes;
  awaited_bytes_ += bytes;
  finish_if_done(request, ledger);
}

bool UringNotifications::notification(std::uint32_t name, bool copied, Ledger& ledger) noexcept {
  Request& request = request_of(name);
  if (!request.in_use || request.name != name) return false;
  request.notified = true;
  request.copied = copied;
  seen_not_copied_ |= !copied && trusted_;
  finish_if_done(request, ledger);
  return true;
}

void UringNotifications::finish_if_done(Request& request, Ledger& ledger) noexcept {
  // Without the flag a notification may have come first; it is not waited for, nor does it count.
  if (request.first && (request.notified || !request.more)) finish(request, evidence_of(request), ledger);
}

Handover UringNotifications::evidence_of(const Request& request) const noexcept {
  if (asked_ == Asked::copy) return Handover::kernel_by_design;
  if (asked_ == Asked::zero_copy || !request.more) return Handover::unverified;
  if (request.copied) return seen_not_copied_ ? Handover::unverified : Handover::kernel_after_request;
  return trusted_ ? Handover::zero_copied : Handover::unverified;
}

void UringNotifications::finish(Request& request, Handover evidence, Ledger& ledger) noexcept {
  Op& op = ops_[request.op];
  awaited_bytes_ -= request.bytes;
  if (request.bytes != 0) {
    ledger.complete(evidence, request.bytes);
    op.result.bytes += request.bytes;
    op.result.evidence = op.booked && op.result.evidence != evidence ? Handover::unverified : evidence;
    op.booked = true;
  }
  request.in_use = false;
  free_requests_.push_back(slot(request.name));  // within its capacity: no allocation
  --op.requests;
  --outstanding_;
  release_if_done(op);
}

void UringNotifications::release_if_done(Op& op) noexcept {
  if (op.sealed && op.requests == 0) released_.push(op.result.op);
}

void UringNotifications::abandon(Failure failure, Ledger& ledger) noexcept {
  for (Op& op : ops_) {
    if (!op.open || op.requests == 0) continue;
    op.result.failure = failure;
    op.sealed = true;
  }
  for (Request& request : requests_) {
    if (request.in_use) finish(request, Handover::unverified, ledger);
  }
}

bool UringNotifications::pop_released(Released& out) noexcept {
  if (released_.empty()) return false;
  Op& op = ops_[released_.front()];
  released_.pop();
  out = op.result;
  op.open = false;
  free_ops_.push_back(out.op);  // within its capacity: no allocation
  return true;
}

}  // namespace xover
