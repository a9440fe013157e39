// Slots given out and taken back.
#include "transports/uring/fixed_buffers.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "core/units.h"
#include "transports/uring/uring_availability.h"

namespace xover {

Result<std::unique_ptr<FixedBuffers>> FixedBuffers::open(UringRing& ring, const RegistrationSettings& settings) {
  const auto slots = arena_slots + static_cast<unsigned>(settings.max_regions);
  if (auto done = ring.make_buffer_table(slots); !done) return tl::make_unexpected(done.error());
  std::unique_ptr<FixedBuffers> buffers(new FixedBuffers(ring));
  for (unsigned slot = slots; slot > arena_slots; --slot) {
    buffers->free_slots_.push_back(static_cast<std::uint16_t>(slot - 1));
  }
  auto cache = RegistrationCache::open(*buffers, settings);
  if (!cache) return tl::make_unexpected(cache.error());
  buffers->cache_ = std::move(*cache);
  return buffers;
}

Result<void> FixedBuffers::register_arena(std::span<std::byte> piece) {
  if (used_arena_slots_ == arena_slots) {
    return make_error(ErrorCode::no_memory, "arena", "all " + std::to_string(arena_slots) + " slots are in use",
                      "ask for fewer and larger arenas");
  }
  const int result = ring_.set_buffer(used_arena_slots_, piece);
  if (result == -ENOMEM) {
    return tl::make_unexpected(
        locked_memory_error("io_uring_register_buffers", piece.size(), locked_memory_limit_bytes()));
  }
  if (result < 0) {
    errno = -result;
    return system_error("io_uring_register_buffers", format_size(piece.size()));
  }
  ++used_arena_slots_;
  return {};
}

Result<std::vector<Segment>> FixedBuffers::arena(std::size_t size_bytes, PageKind kind) {
  auto pages = Pages::allocate(size_bytes, kind);
  if (!pages) return tl::make_unexpected(pages.error());
  const auto first_slot = static_cast<std::uint16_t>(used_arena_slots_);
  std::vector<Segment> segments;
  for (std::size_t start = 0; start < pages->size_bytes(); start += max_buffer_bytes) {
    const std::span<std::byte> piece{pages->data() + start, std::min(max_buffer_bytes, pages->size_bytes() - start)};
    if (auto done = register_arena(piece); !done) {
      while (used_arena_slots_ > first_slot) ring_.set_buffer(--used_arena_slots_, {});
      return tl::make_unexpected(done.error());
    }
    segments.push_back({piece.data(), piece.size()});
  }
  arenas_.push_back({std::move(*pages), first_slot});
  return segments;
}

tl::expected<FixedBuffers::Place, Failure> FixedBuffers::place(const Segment& segment) noexcept {
  for (std::size_t tried = 0; tried < arenas_.size(); ++tried) {
    const Arena& arena = arenas_[last_found_];
    // As unsigned distances, so that what lies before the arena is far behind its end.
    const auto offset =
        reinterpret_cast<std::uintptr_t>(segment.data) - reinterpret_cast<std::uintptr_t>(arena.pages.data());
    if (offset < arena.pages.size_bytes()) {
      Place place;
      place.slot = static_cast<std::uint16_t>(arena.first_slot + offset / max_buffer_bytes);
      return place;
    }
    last_found_ = last_found_ + 1 < arenas_.size() ? last_found_ + 1 : 0;
  }
  const auto use = cache_->acquire({segment.data, segment.size_bytes});
  if (!use) return tl::make_unexpected(use.error());
  return Place{static_cast<std::uint16_t>(use->handle), true, *use};
}

tl::expected<std::uint64_t, Failure> FixedBuffers::register_pages(std::span<std::byte> pages) noexcept {
  if (pages.size() > max_buffer_bytes) {
    return tl::make_unexpected(failure_of_errno(E2BIG, "io_uring_register_buffers"));
  }
  if (free_slots_.empty()) return tl::make_unexpected(Failure{ErrorCode::no_memory, ENOBUFS, "registered buffers"});
  const std::uint16_t slot = free_slots_.back();
  const int result = ring_.set_buffer(slot, pages);
  if (result < 0) {
    return tl::make_unexpected(result == -ENOMEM ? Failure{ErrorCode::no_memory, ENOMEM, "io_uring_register_buffers"}
                                                 : failure_of_errno(-result, "io_uring_register_buffers"));
  }
  free_slots_.pop_back();
  return slot;
}

Failure FixedBuffers::deregister(std::uint64_t handle) noexcept {
  const int result = ring_.set_buffer(static_cast<unsigned>(handle), {});
  free_slots_.push_back(static_cast<std::uint16_t>(handle));  // within its capacity: no allocation
  return result < 0 ? failure_of_errno(-result, "io_uring_register_buffers") : Failure{};
}

}  // namespace xover
