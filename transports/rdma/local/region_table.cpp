// Slots are used again in the order last freed, first used: they are few and stay in the cache.
#include "transports/rdma/local/region_table.h"

#include <new>

namespace xover {

namespace {

constexpr std::uint32_t generation_step = region_slots;

}  // namespace

Result<RegionTable> RegionTable::create() {
  auto memory = SharedMemory::create("xover-regions", sizeof(FabricPage));
  if (!memory) return tl::make_unexpected(memory.error());
  RegionTable table;
  table.memory_ = std::move(*memory);
  table.page_ = new (table.memory_->data()) FabricPage;
  table.free_slots_.reserve(region_slots);
  table.last_keys_.resize(region_slots);
  for (std::uint32_t slot = region_slots; slot > 0; --slot) {
    table.free_slots_.push_back(static_cast<std::uint16_t>(slot - 1));
    table.last_keys_[slot - 1] = slot - 1;
  }
  return table;
}

// Generation 0 is left out when the counter comes round: the key of slot 0 would be that of a free slot.
std::uint32_t RegionTable::next_key() const noexcept {
  if (free_slots_.empty()) return 0;
  const std::uint32_t key = last_keys_[free_slots_.back()] + generation_step;
  return key < generation_step ? key + generation_step : key;
}

void RegionTable::add(std::span<std::byte> pages, RemoteAccess access, std::uint32_t memory) noexcept {
  const std::uint32_t key = next_key(), slot = slot_of_key(key);
  free_slots_.pop_back();
  last_keys_[slot] = key;
  SharedRegion& region = page_->regions[slot];
  region.address = reinterpret_cast<std::uintptr_t>(pages.data());
  region.size_bytes = pages.size();
  region.access = static_cast<std::uint32_t>(access);
  region.memory = memory;
  region.key.store(key, std::memory_order_release);
}

void RegionTable::invalidate(std::uint32_t key) noexcept { page_->regions[slot_of_key(key)].key.store(0); }

void RegionTable::free(std::uint32_t key) noexcept {
  free_slots_.push_back(static_cast<std::uint16_t>(slot_of_key(key)));  // within its capacity: no allocation
}

const SharedRegion* RegionTable::find(std::uint32_t key) const noexcept {
  const SharedRegion& region = page_->regions[slot_of_key(key)];
  return key != 0 && region.key.load(std::memory_order_relaxed) == key ? &region : nullptr;
}

const SharedRegion* RegionTable::find(const LocalPiece& piece) const noexcept {
  const SharedRegion* const region = find(piece.key);
  if (region == nullptr) return nullptr;
  return holds(*region, reinterpret_cast<std::uintptr_t>(piece.data), piece.size_bytes) ? region : nullptr;
}

}  // namespace xover
