// Arenas first, which are few, then the cache. The cache knows a registration by one number: its place in a table of
// regions, which has as many as the cache may hold.
#include "transports/rdma/registered_memory.h"

#include <cerrno>
#include <utility>

namespace xover {

Result<std::unique_ptr<RegisteredMemory>> RegisteredMemory::open(Fabric& fabric, const RegistrationSettings& settings,
                                                                 RemoteAccess access) {
  std::unique_ptr<RegisteredMemory> memory(new RegisteredMemory(fabric, access));
  memory->regions_.resize(settings.max_regions);
  memory->free_.reserve(settings.max_regions);
  for (std::size_t slot = settings.max_regions; slot > 0; --slot) {
    memory->free_.push_back(static_cast<std::uint32_t>(slot - 1));
  }
  auto cache = RegistrationCache::open(*memory, settings);
  if (!cache) return tl::make_unexpected(std::move(cache.error()));
  memory->cache_ = std::move(*cache);
  return memory;
}

Result<std::vector<Segment>> RegisteredMemory::arena(std::size_t size_bytes, PageKind kind) {
  auto memory = fabric_.allocate(size_bytes, kind, access_);
  if (!memory) return tl::make_unexpected(std::move(memory.error()));
  arenas_.push_back(std::move(*memory));
  const std::span<std::byte> bytes = arenas_.back()->bytes();
  return std::vector<Segment>{{.data = bytes.data(), .size_bytes = bytes.size()}};
}

tl::expected<RegisteredMemory::Place, Failure> RegisteredMemory::place(std::span<const std::byte> memory) noexcept {
  for (std::size_t tried = 0; tried < arenas_.size(); ++tried) {
    const FabricMemory& arena = *arenas_[last_found_];
    // As unsigned distances, so that what lies before the arena is far behind its end.
    const auto offset =
        reinterpret_cast<std::uintptr_t>(memory.data()) - reinterpret_cast<std::uintptr_t>(arena.bytes().data());
    if (offset < arena.bytes().size() && memory.size() <= arena.bytes().size() - offset) {
      return Place{.key = arena.region().key, .remote_key = arena.region().remote_key};
    }
    last_found_ = last_found_ + 1 < arenas_.size() ? last_found_ + 1 : 0;
  }
  const auto use = cache_->acquire(memory);
  if (!use) return tl::make_unexpected(use.error());
  const FabricRegion& region = regions_[use->handle];
  return Place{.key = region.key, .remote_key = region.remote_key, .cached = true, .use = *use};
}

tl::expected<std::uint64_t, Failure> RegisteredMemory::register_pages(std::span<std::byte> pages) noexcept {
  if (free_.empty()) return tl::make_unexpected(Failure{ErrorCode::no_memory, ENOBUFS, "table of registrations"});
  const auto region = fabric_.register_memory(pages, access_);
  if (!region) return tl::make_unexpected(region.error());
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  regions_[slot] = *region;
  return slot;
}

Failure RegisteredMemory::deregister(std::uint64_t handle) noexcept {
  const FabricRegion region = std::exchange(regions_[handle], FabricRegion{});
  free_.push_back(static_cast<std::uint32_t>(handle));  // within its capacity: no allocation
  return fabric_.deregister(region.handle);
}

}  // namespace xover
