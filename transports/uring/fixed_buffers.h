// Memory that is registered with a ring: the session's own arenas, each for as long as the session lives, and foreign
// memory through the registration cache. Slots of one table: arenas take the first ones, the cache the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/common/pages.h"
#include "transports/common/registration/registration_cache.h"
#include "transports/uring/uring_ring.h"

namespace xover {

class FixedBuffers final : public Registrar {
 public:
  static constexpr std::size_t max_buffer_bytes = std::size_t{1} << 30;  // the kernel's limit for one
  static constexpr unsigned arena_slots = 256;

  // Where a segment is registered; goes back by release().
  struct Place {
    std::uint16_t slot = 0;
    bool cached = false;
    RegistrationCache::Use use;
  };

  // The ring must outlive this.
  static Result<std::unique_ptr<FixedBuffers>> open(UringRing& ring, const RegistrationSettings& settings);

  // Allocates, faults in and registers; in pieces of max_buffer_bytes at most, which a huge page is never cut by.
  Result<std::vector<Segment>> arena(std::size_t size_bytes, PageKind kind);

  // Data plane. The failures are those of RegistrationCache::acquire().
  tl::expected<Place, Failure> place(const Segment& segment) noexcept;
  void release(const Place& place) noexcept {
    if (place.cached) cache_->release(place.use);
  }

  void append_to(std::vector<Counter>& counters) const { cache_->append_to(counters); }

  tl::expected<std::uint64_t, Failure> register_pages(std::span<std::byte> pages) noexcept override;
  Failure deregister(std::uint64_t handle) noexcept override;

 private:
  struct Arena {
    Pages pages;
    std::uint16_t first_slot = 0;
  };

  explicit FixedBuffers(UringRing& ring) : ring_(ring) {}
  Result<void> register_arena(std::span<std::byte> piece);

  UringRing& ring_;
  std::vector<Arena> arenas_;
  unsigned used_arena_slots_ = 0;
  std::size_t last_found_ = 0;  // the arena of the segment before: most often that of the next
  std::vector<std::uint16_t> free_slots_;
  std::unique_ptr<RegistrationCache> cache_;  // last: it deregisters when it goes
};

}  // namespace xover
