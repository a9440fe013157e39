// Handing out and granting, whatever the way.
#include "transports/rdma/rdma_receiving.h"

#include <utility>

namespace xover {

RdmaReceiving::RdmaReceiving(RdmaShared& shared, std::uint32_t channel, Ledger& ledger, ReceiveSlots slots)
    : shared_(shared), slots_(std::move(slots)), channel_(channel), ledger_(ledger) {}

bool RdmaReceiving::next_completion(Completion& out) noexcept {
  if (dropped_ || empty()) return false;
  const Arrived next = message(handed_++);
  const Handover handover = shared_.settings.handover;
  ledger_.complete(handover, next.bytes.size());
  ++shared_.counters.messages_received;
  begin_completion(out, channel_, Moment::received, handover);
  out.bytes = next.bytes.size();
  out.lease = Lease(this, next.handle, next.bytes);
  return true;
}

// A peer that has used up what it was granted has heard every grant, so one more is always in its room.
bool RdmaReceiving::is_enough(std::uint64_t untold) const noexcept {
  return untold >= grant_step(shared_.settings.window) || unacknowledged() == shared_.settings.window;
}

std::optional<std::uint64_t> RdmaReceiving::grant_due() const noexcept {
  const std::uint64_t count = grantable();
  if (count == told_ || !is_enough(count - told_)) return std::nullopt;
  return count;
}

void RdmaReceiving::grant_was_told(std::uint64_t count) noexcept {
  told_ = count;
  note_told();
}

}  // namespace xover
