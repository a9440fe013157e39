// Memory that mbufs are attached to: the session's own arenas, registered with DPDK for as long as they live, and
// foreign memory through the registration cache. Where a device reads it, it is mapped for the device's DMA as well.
//
// DPDK knows each address once (rte_extmem_register: EEXIST), while the ranges of one cache may overlap and two
// sessions may send from the same page. So what is registered is kept for the whole process, as ranges that do not
// overlap, each with a count of those that need it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/common/pages.h"
#include "transports/common/registration/registration_cache.h"

namespace xover {

// Ranges of pages, registered by one function and forgotten by another. Not for two threads at once.
class CountedRanges {
 public:
  // The functions return an errno value; `port` is theirs.
  using Change = int (*)(std::span<std::byte> pages, int port);
  CountedRanges(Change adding, Change removing, int port) : add_(adding), remove_(removing), port_(port) {}

  int add(std::span<std::byte> pages);     // the errno value of what could not be registered; then nothing has changed
  int remove(std::span<std::byte> pages);  // exactly what was added
  bool empty() const noexcept { return ranges_.empty(); }

 private:
  struct Range {
    std::byte* end = nullptr;
    std::size_t users = 0;
  };

  std::map<std::byte*, Range>::iterator first_reaching(std::byte* start);
  int drop(std::span<std::byte> pages);

  const Change add_, remove_;
  const int port_;
  std::map<std::byte*, Range> ranges_;
};

class ExternalMemory final : public Registrar {
 public:
  // What one op keeps registered. Empty at first.
  struct Holds {
    std::uint32_t first = UINT32_MAX;
  };

  // DPDK has room for about a hundred foreign ranges in a process (RTE_MAX_MEMSEG_LISTS).
  static constexpr std::int64_t most_regions = 96;

  // `port`: whose device reads the memory; -1: none does. `ops`: how many may hold at a time.
  static Result<std::unique_ptr<ExternalMemory>> open(const RegistrationSettings& settings, int port, std::size_t ops);
  ~ExternalMemory();

  // Control plane. Whoever keeps `newest_arena()` keeps the pages, but not their registration.
  Result<std::vector<Segment>> arena(std::size_t size_bytes, PageKind kind);
  std::shared_ptr<const void> newest_arena() const { return arenas_.back(); }

  // Data plane. Keeps a segment registered until release(); one that is held already costs a look at what is held, the
  // newest first, so the same segments may be asked for again and again. Failures are those of
  // RegistrationCache::acquire(); EAGAIN also where all holds are in use.
  Failure hold(const Segment& segment, Holds& holds) noexcept;
  void release(Holds& holds) noexcept;

  void append_to(std::vector<Counter>& counters) const { cache_->append_to(counters); }

  tl::expected<std::uint64_t, Failure> register_pages(std::span<std::byte> pages) noexcept override;
  Failure deregister(std::uint64_t handle) noexcept override;

 private:
  struct Hold {
    RegistrationCache::Use use;
    std::uint32_t next = UINT32_MAX;
  };

  ExternalMemory(int port, std::size_t holds);
  bool in_arena(const Segment& segment) noexcept;
  const char* registering() const noexcept { return maps_ ? "rte_dev_dma_map" : "rte_extmem_register"; }
  int add(std::span<std::byte> pages);
  int remove(std::span<std::byte> pages);

  CountedRanges mapped_;  // for the device
  const bool maps_;
  std::vector<std::shared_ptr<Pages>> arenas_;
  std::size_t last_found_ = 0;
  std::map<std::uint64_t, std::span<std::byte>> registered_;  // by handle: the address
  std::uint64_t next_handle_ = 1;
  std::vector<Hold> holds_;
  std::uint32_t free_hold_ = UINT32_MAX;
  std::unique_ptr<RegistrationCache> cache_;  // last: it deregisters when it goes
};

}  // namespace xover
