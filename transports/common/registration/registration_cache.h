// The registration cache: memory that a device must know before it can be sent from (io_uring fixed buffers, DPDK
// external memory, verbs MRs) is registered once and found again, instead of being registered for every send.
//
//   acquire(memory) -> Use {handle, start of the registered range}   ... the device works ...   release(use)
//
// What always holds:
//   A region in use is never deregistered. Whatever makes it unwanted (an invalidation, a flush, a larger region) takes
//   it out of sight at once, so that nobody finds it any more, and its last release() deregisters it.
//   No region lies within another one, so the last one that starts at or before an address is the one that reaches
//   furthest behind it, and one search decides whether a range is covered. Regions may overlap.
//   What is registered never exceeds the limits, in bytes and in regions, those in use and out of sight included.
//
// One thread owns a cache. acquire() and release() are data plane: noexcept, no lock, and no allocation: all memory is
// taken when the cache is opened. A hit makes no system call; a miss makes those of the device. Under `uffd` acquire()
// takes one lock for a moment: docs/decisions/0011-registration-cache.md says why, and what no policy can see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/histogram.h"
#include "core/transport.h"
#include "transports/common/registration/invalidation_source.h"
#include "transports/common/registration/region_index.h"

namespace xover {

// The device. Both calls are made on the owner's thread, with no lock held: they may allocate and free. They must not
// call the cache.
class Registrar {
 public:
  // Makes whole pages known to the device; the handle is the device's own (a slot, a key) and is opaque to the cache.
  // On failure nothing is registered. `no_memory` makes the cache deregister idle regions and ask again: say it for
  // ENOMEM and when the device's table is full.
  virtual tl::expected<std::uint64_t, Failure> register_pages(std::span<std::byte> pages) noexcept = 0;
  // Never called while a Use of the handle is out. A failure is counted, and the handle is not spoken of again.
  virtual Failure deregister(std::uint64_t handle) noexcept = 0;

 protected:
  ~Registrar() = default;
};

// How the cache hears that memory it knows was unmapped, moved or dropped.
enum class RegistrationPolicy : std::uint8_t {
  none,   // it keeps nothing: registers at each acquire(), deregisters at the last release()
  owned,  // the application promises to call invalidate() before such memory is used again
  uffd,   // userfaultfd(2) tells; memory that it refuses (mapped files, what another cache watches) is registered for
          // one use
};

std::string_view to_string(RegistrationPolicy policy);
std::optional<RegistrationPolicy> parse_registration_policy(std::string_view text);  // "none", "owned", "uffd"

struct RegistrationSettings {
  RegistrationPolicy policy = RegistrationPolicy::owned;
  std::size_t max_bytes = std::size_t{1} << 30;  // registered at a time
  std::size_t max_regions = 1024;                // likewise; an io_uring's number of slots. Fixes the memory taken
  // For the one test that shows what invalidation is for: what is told is counted and has no effect.
  bool ignore_invalidations = false;
};

struct RegistrationCounters {
  bool operator==(const RegistrationCounters&) const = default;

  std::uint64_t hits = 0;
  std::uint64_t misses = 0;             // also each acquire() under `none`, and those that then stall or fail
  std::uint64_t evictions = 0;          // idle regions deregistered to make room, least recently released first
  std::uint64_t replacements = 0;       // regions that a larger one made unwanted
  std::uint64_t invalidations = 0;      // ranges told of, whether or not a region lay there
  std::uint64_t invalidated = 0;        // regions that such a range met
  std::uint64_t flushes = 0;            // of the whole cache, by flush() or because invalidations were lost
  std::uint64_t refused = 0;            // went past the cache, because the invalidation source refused the memory
  std::uint64_t register_failures = 0;  // each call of the registrar, also when a further one then succeeded
  std::uint64_t deregister_failures = 0;
  std::uint64_t full_stalls = 0;  // acquire() calls that failed with EAGAIN
  std::uint64_t failures = 0;     // acquire() calls that failed otherwise
  std::uint64_t pinned_bytes = 0, peak_pinned_bytes = 0;
  std::uint64_t regions = 0, peak_regions = 0;  // registered now, in sight or not
};

class RegistrationCache {
 public:
  // Keeps its memory registered from acquire() to release().
  struct Use {
    std::uint64_t handle = 0;      // what the registrar returned
    std::byte* start = nullptr;    // of the registered pages; the memory asked for lies within
    std::size_t size_bytes = 0;    // of the registered pages
    std::uint64_t generation = 0;  // a number of this registration that no other has
    std::uint32_t region = 0;      // the cache's own
  };

  // Control plane: takes the memory for max_regions (about 100 bytes for each, and 520 KiB), and under `uffd` opens a
  // userfaultfd and starts the thread that reads it. Fails with not_permitted or unsupported and a remedy where this
  // user or kernel has no userfaultfd. The registrar must outlive the cache.
  static Result<std::unique_ptr<RegistrationCache>> open(Registrar& registrar, const RegistrationSettings& settings);
  // As above with another source of invalidations than userfaultfd; null: only invalidate() tells.
  static Result<std::unique_ptr<RegistrationCache>> open(Registrar& registrar, const RegistrationSettings& settings,
                                                         std::unique_ptr<InvalidationSource> source);

  // Deregisters everything. Asserts that nothing is in use.
  ~RegistrationCache();
  RegistrationCache(const RegistrationCache&) = delete;
  RegistrationCache& operator=(const RegistrationCache&) = delete;

  // Memory must not be empty. Fails
  //   with errno EAGAIN: the limits are taken up by regions in use; worth another try after a release(). No call of
  //     the registrar was made, nothing was evicted;
  //   with no_memory and another errno: more than max_bytes at once, or the registrar had no memory even after all
  //     idle regions had gone;
  //   with whatever else the registrar said.
  tl::expected<Use, Failure> acquire(std::span<const std::byte> memory) noexcept;

  // Exactly once for each Use; asserts that it is one of this cache's that is still out.
  void release(const Use& use) noexcept;

  // What was registered of these pages is wrong from now on: they were, or are about to be, unmapped, moved or dropped
  // (munmap, mremap, mmap over them, MADV_DONTNEED). For `owned`; allowed under any policy.
  void invalidate(std::span<const std::byte> memory) noexcept;

  // Deregisters every idle region and takes those in use out of sight.
  void flush() noexcept;

  // Acts on what the source told since the last acquire(), which does the same. For owners that go idle: until then,
  // memory that the application gave back stays pinned.
  void process_invalidations() noexcept;

  const RegistrationCounters& counters() const noexcept { return counters_; }
  const Histogram& register_ns() const noexcept { return register_ns_; }      // successful calls of the registrar
  const Histogram& deregister_ns() const noexcept { return deregister_ns_; }  // likewise
  // All counters, and the median and p99 of both times, by the names that Session::counters() reports.
  void append_to(std::vector<Counter>& counters) const;

 private:
  static constexpr std::uint32_t no_region = RegionIndex::none;

  struct Region {
    PageRange pages{0, 0};
    std::uint64_t handle = 0;
    std::uint64_t generation = 0;     // 0: this slot is free
    std::uint32_t uses = 0;           // acquired and not yet released
    std::uint32_t older = no_region;  // idle regions, in the order of their last release
    std::uint32_t newer = no_region;  // likewise; of a free slot: the next free one
    bool in_index = false;            // can be found
  };

  RegistrationCache(Registrar& registrar, const RegistrationSettings& settings,
                    std::unique_ptr<InvalidationSource> source);

  PageRange pages_of(std::span<const std::byte> memory) const noexcept;
  std::span<std::byte> bytes_of(PageRange pages) const noexcept;
  Use use_of(std::uint32_t region) const noexcept;

  void take(std::uint32_t region) noexcept;
  tl::expected<Use, Failure> miss(PageRange wanted) noexcept;
  Failure check_limits(PageRange wanted) const noexcept;
  bool watch(PageRange wanted) noexcept;
  std::uint32_t make_region(PageRange pages, bool cached) noexcept;
  void make_room_for(PageRange wanted) noexcept;
  Failure register_region(std::uint32_t region) noexcept;
  void deregister_region(std::uint32_t region) noexcept;
  void free_region(std::uint32_t region) noexcept;

  void evict_oldest() noexcept;
  void retire(std::uint32_t region) noexcept;  // out of sight now, deregistered as soon as nothing uses it
  void take_out_of_sight(std::uint32_t region) noexcept;
  bool replace_contained(PageRange wanted) noexcept;
  void invalidate_pages(PageRange pages) noexcept;
  void append_idle(std::uint32_t region) noexcept;
  void unlink_idle(std::uint32_t region) noexcept;

  Registrar& registrar_;
  RegistrationSettings settings_;
  std::unique_ptr<InvalidationSource> source_;
  int page_shift_;  // log2 of the page size
  RegionIndex index_;
  std::vector<Region> regions_;
  std::uint32_t free_ = no_region;
  std::uint32_t oldest_idle_ = no_region, newest_idle_ = no_region;
  std::uint64_t last_generation_ = 0;
  std::uint64_t pages_in_use_ = 0, regions_in_use_ = 0, max_pages_ = 0;
  std::vector<PageRange> told_;  // room for what the source tells at a time
  RegistrationCounters counters_;
  Histogram register_ns_, deregister_ns_;
};

}  // namespace xover
