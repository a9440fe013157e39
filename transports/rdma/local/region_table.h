// The regions that a fabric has registered: keys given out, looked up and taken back. The table itself is shared with
// all peers, who look up the keys that they were told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "transports/rdma/fabric.h"
#include "transports/rdma/local/shared_layout.h"
#include "transports/rdma/local/shared_memory.h"

namespace xover {

// Of the table's slots and of what pins the pages: the same number.
constexpr std::uint32_t slot_of_key(std::uint32_t key) { return key & (region_slots - 1); }

class RegionTable {
 public:
  static Result<RegionTable> create();

  // --- data plane
  // A free slot with the key that it will have; 0: there is none.
  std::uint32_t next_key() const noexcept;
  // Makes the slot of next_key() valid.
  void add(std::span<std::byte> pages, RemoteAccess access, std::uint32_t memory) noexcept;
  // From now on no peer begins anything with this key.
  void invalidate(std::uint32_t key) noexcept;
  // Once no peer is in the middle of something that it began before.
  void free(std::uint32_t key) noexcept;
  // Null: no region of this key holds the piece.
  const SharedRegion* find(const LocalPiece& piece) const noexcept;
  // Null: no such region.
  const SharedRegion* find(std::uint32_t key) const noexcept;

  FabricPage& page() const noexcept { return *page_; }
  const SharedMemory& memory() const noexcept { return *memory_; }
  std::size_t regions() const noexcept { return region_slots - free_slots_.size(); }

 private:
  std::shared_ptr<SharedMemory> memory_;
  FabricPage* page_ = nullptr;
  std::vector<std::uint16_t> free_slots_;
  std::vector<std::uint32_t> last_keys_;  // of each slot
};

// Whether `size_bytes` from `address` on lie within the region. Ranges may be a stranger's: nothing overflows.
inline bool holds(const SharedRegion& region, std::uint64_t address, std::uint64_t size_bytes) noexcept {
  return address >= region.address && size_bytes <= region.size_bytes &&
         address - region.address <= region.size_bytes - size_bytes;
}

}  // namespace xover
