// The world's regions and their keys. A key is a slot and a generation of eight bits, as the two parts of an InfiniBand
// key are: what was deregistered leaves its slot to the next region, under another key.
#include <algorithm>
#include <cassert>
#include <limits>

#include "transports/rdma/simulated/world.h"

namespace xover {

namespace {

constexpr std::uint32_t generation_bits = 8;

// Slots count from 1 in keys, so that no key is 0.
std::uint32_t key_of(std::size_t slot, const WorldRegion& region) {
  return static_cast<std::uint32_t>((slot + 1) << generation_bits) | region.generation;
}

const WorldRegion* find_region(const WorldAdapter& adapter, std::uint32_t key) {
  const std::size_t slot = key >> generation_bits;
  if (slot == 0 || slot > adapter.regions.size()) return nullptr;
  const WorldRegion& region = adapter.regions[slot - 1];
  return region.used && key_of(slot - 1, region) == key ? &region : nullptr;
}

bool allows(RemoteAccess granted, RemoteAccess wanted) {
  return (static_cast<unsigned>(granted) & static_cast<unsigned>(wanted)) == static_cast<unsigned>(wanted);
}

}  // namespace

std::optional<std::uint32_t> World::register_memory(std::size_t adapter, std::uint64_t address,
                                                    std::uint64_t size_bytes, RemoteAccess access) {
  WorldAdapter& owner = adapters_[adapter];
  if (owner.registration_fails_in > 0 && --owner.registration_fails_in == 0) return std::nullopt;
  auto slot = std::find_if(owner.regions.begin(), owner.regions.end(), [](const auto& region) { return !region.used; });
  if (slot == owner.regions.end()) slot = owner.regions.emplace(slot);
  slot->address = address;
  slot->size_bytes = size_bytes;
  slot->access = access;
  slot->used = true;
  return key_of(static_cast<std::size_t>(slot - owner.regions.begin()), *slot);
}

bool World::deregister(std::size_t adapter, std::uint32_t key) {
  WorldAdapter& owner = adapters_[adapter];
  if (find_region(owner, key) == nullptr) return false;
  WorldRegion& region = owner.regions[(key >> generation_bits) - 1];
  const auto next = static_cast<std::uint8_t>((region.generation + 1U) % owner.shape.key_generations);
  region = {.generation = next};
  return true;
}

std::optional<std::uint64_t> World::region_bytes(std::size_t adapter, std::uint32_t key) const {
  const WorldRegion* region = find_region(adapters_[adapter], key);
  return region != nullptr ? std::optional(region->size_bytes) : std::nullopt;
}

void World::fail_registration(std::size_t adapter, std::uint32_t nth) {
  adapters_[adapter].registration_fails_in = nth;
}

const WorldRegion* World::region_of(std::size_t adapter, std::uint32_t key, std::uint64_t address,
                                    std::uint64_t size_bytes) const {
  const WorldRegion* region = find_region(adapters_[adapter], key);
  if (region == nullptr || address < region->address || size_bytes > region->size_bytes) return nullptr;
  return address - region->address <= region->size_bytes - size_bytes ? region : nullptr;
}

bool World::holds(std::size_t adapter, const MemoryPiece& piece) const {
  return piece.size_bytes == 0 || region_of(adapter, piece.key, piece.address, piece.size_bytes) != nullptr;
}

// A write or read of nothing touches nothing, and its key is not looked at.
bool World::peer_allows(const WorldQueuePair& pair, const WorldRequest& request) const {
  const std::uint64_t size_bytes = request.size_bytes();
  if (size_bytes == 0) return true;
  const std::size_t adapter = queue_pairs_[*pair.peer].adapter;
  const WorldRegion* region = region_of(adapter, request.remote.key, request.remote.address, size_bytes);
  return region != nullptr &&
         allows(region->access, request.work == Work::read ? RemoteAccess::read : RemoteAccess::write);
}

}  // namespace xover
