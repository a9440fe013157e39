// Slots are posted with their number as id.
#include "transports/rdma/receive_slots.h"

#include <cassert>
#include <string>
#include <utility>

namespace xover {

Result<ReceiveSlots> ReceiveSlots::make(RdmaShared& shared, QueuePair& queue_pair, std::size_t slots,
                                        std::size_t slot_bytes) {
  auto memory = shared.fabric.allocate(slots * slot_bytes, PageKind::system, RemoteAccess::none);
  if (!memory) return tl::make_unexpected(std::move(memory.error()));
  ReceiveSlots made(queue_pair, std::move(*memory), slot_bytes);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    if (made.try_to_post(slot) == Posted::ok) continue;
    return make_error(ErrorCode::internal, "post receives", std::to_string(slot) + " of " + std::to_string(slots));
  }
  return made;
}

Posted ReceiveSlots::try_to_post(std::uint64_t slot) noexcept {
  const LocalPiece piece{
      .data = bytes(slot).data(), .size_bytes = static_cast<std::uint32_t>(slot_bytes_), .key = memory_->region().key};
  return queue_pair_->post_receive(work_id(Purpose::receive, slot), piece);
}

void ReceiveSlots::post(std::uint64_t slot) noexcept {
  [[maybe_unused]] const Posted posted = try_to_post(slot);
  assert(posted != Posted::full);  // the queue was made for all slots
}

}  // namespace xover
