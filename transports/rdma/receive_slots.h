// Memory for posted receives: private to one channel, registered once, cut into slots of one size. The owner knows
// which slots are posted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "transports/rdma/fabric.h"
#include "transports/rdma/rdma_shared.h"

namespace xover {

class ReceiveSlots {
 public:
  // Allocates, and posts all of them. The queue pair must be gone before this is.
  static Result<ReceiveSlots> make(RdmaShared& shared, QueuePair& queue_pair, std::size_t slots,
                                   std::size_t slot_bytes);

  // Posts a slot again. On a connection that has ended nothing comes of it.
  void post(std::uint64_t slot) noexcept;
  std::span<std::byte> bytes(std::uint64_t slot) const noexcept {
    return memory_->bytes().subspan(slot * slot_bytes_, slot_bytes_);
  }

 private:
  ReceiveSlots(QueuePair& queue_pair, std::unique_ptr<FabricMemory> memory, std::size_t slot_bytes)
      : queue_pair_(&queue_pair), memory_(std::move(memory)), slot_bytes_(slot_bytes) {}
  Posted try_to_post(std::uint64_t slot) noexcept;

  QueuePair* queue_pair_;
  std::unique_ptr<FabricMemory> memory_;
  std::size_t slot_bytes_;
};

}  // namespace xover
