// Memory that a fabric may read and write: arenas of the session, registered for as long as it lives, and whatever else
// the application sends from or receives into, through the registration cache.
//
// One thread owns it. place() and release() are data plane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/common/registration/registration_cache.h"
#include "transports/rdma/fabric.h"

namespace xover {

class RegisteredMemory final : public Registrar {
 public:
  // Where memory is registered; goes back by release(), exactly once.
  struct Place {
    std::uint32_t key = 0;
    std::uint32_t remote_key = 0;
    bool cached = false;
    RegistrationCache::Use use;  // of the cache, when `cached`
  };

  // The fabric must outlive this.
  static Result<std::unique_ptr<RegisteredMemory>> open(Fabric& fabric, const RegistrationSettings& settings,
                                                        RemoteAccess access);

  // Allocated by the fabric and registered at once: for plain verbs, whose users do so.
  Result<std::vector<Segment>> arena(std::size_t size_bytes, PageKind kind);

  // The failures are those of RegistrationCache::acquire(). Memory must not be empty.
  tl::expected<Place, Failure> place(std::span<const std::byte> memory) noexcept;
  void release(const Place& place) noexcept {
    if (place.cached) cache_->release(place.use);
  }

  const RegistrationCache& cache() const noexcept { return *cache_; }
  void append_to(std::vector<Counter>& counters) const { cache_->append_to(counters); }

  tl::expected<std::uint64_t, Failure> register_pages(std::span<std::byte> pages) noexcept override;
  Failure deregister(std::uint64_t handle) noexcept override;

 private:
  RegisteredMemory(Fabric& fabric, RemoteAccess access) : fabric_(fabric), access_(access) {}

  Fabric& fabric_;
  RemoteAccess access_;
  std::vector<std::unique_ptr<FabricMemory>> arenas_;
  std::size_t last_found_ = 0;                // the arena of the memory before: most often that of the next
  std::vector<FabricRegion> regions_;         // what the cache's handles stand for
  std::vector<std::uint32_t> free_;           // slots of regions_
  std::unique_ptr<RegistrationCache> cache_;  // last: it deregisters when it goes
};

}  // namespace xover
