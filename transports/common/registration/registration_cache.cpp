// The rules of the cache. What is looked up is a range of whole pages; see the header for what always holds.
#include "transports/common/registration/registration_cache.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <utility>

#include "core/clock.h"
#include "core/units.h"
#include "transports/common/registration/userfaultfd_source.h"

namespace xover {

namespace {

constexpr std::size_t told_at_a_time = 64;

Failure limit_failure(int errno_value, const char* operation) { return {ErrorCode::no_memory, errno_value, operation}; }

}  // namespace

std::string_view to_string(RegistrationPolicy policy) {
  switch (policy) {
    case RegistrationPolicy::none: return "none";
    case RegistrationPolicy::owned: return "owned";
    case RegistrationPolicy::uffd: return "uffd";
  }
  return "none";
}

std::optional<RegistrationPolicy> parse_registration_policy(std::string_view text) {
  for (const auto policy : {RegistrationPolicy::none, RegistrationPolicy::owned, RegistrationPolicy::uffd}) {
    if (text == to_string(policy)) return policy;
  }
  return std::nullopt;
}

Result<std::unique_ptr<RegistrationCache>> RegistrationCache::open(Registrar& registrar,
                                                                   const RegistrationSettings& settings) {
  std::unique_ptr<InvalidationSource> source;
  if (settings.policy == RegistrationPolicy::uffd) {
    auto opened = UserfaultfdSource::open();
    if (!opened) return tl::make_unexpected(std::move(opened.error()));
    source = std::move(*opened);
  }
  return open(registrar, settings, std::move(source));
}

Result<std::unique_ptr<RegistrationCache>> RegistrationCache::open(Registrar& registrar,
                                                                   const RegistrationSettings& settings,
                                                                   std::unique_ptr<InvalidationSource> source) {
  const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (settings.max_regions == 0 || settings.max_regions >= no_region || settings.max_bytes < page_bytes) {
    return make_error(ErrorCode::bad_input, "open registration cache",
                      std::to_string(settings.max_regions) + " regions, " + format_size(settings.max_bytes),
                      "allow at least one region and one page");
  }
  ticks_per_second();  // calibrates now, not in the first acquire()
  return std::unique_ptr<RegistrationCache>(new RegistrationCache(registrar, settings, std::move(source)));
}

// One region more than can be registered: the one that acquire() makes room for.
RegistrationCache::RegistrationCache(Registrar& registrar, const RegistrationSettings& settings,
                                     std::unique_ptr<InvalidationSource> source)
    : registrar_(registrar),
      settings_(settings),
      source_(std::move(source)),
      page_shift_(std::countr_zero(static_cast<std::size_t>(sysconf(_SC_PAGESIZE)))),
      index_(settings.max_regions + 1),
      regions_(settings.max_regions + 1),
      max_pages_(settings.max_bytes >> page_shift_),
      told_(told_at_a_time) {
  for (std::size_t region = regions_.size(); region-- > 0;) free_region(static_cast<std::uint32_t>(region));
  register_ns_.clear();
  deregister_ns_.clear();
}

RegistrationCache::~RegistrationCache() {
  assert(regions_in_use_ == 0);
  while (index_.size() > 0) retire(index_.first_at_or_after(0));
}

tl::expected<RegistrationCache::Use, Failure> RegistrationCache::acquire(std::span<const std::byte> memory) noexcept {
  process_invalidations();
  const PageRange wanted = pages_of(memory);
  const std::uint32_t found = index_.last_at_or_before(wanted.first);
  if (found == no_region || regions_[found].pages.end < wanted.end) [[unlikely]]
    return miss(wanted);
  ++counters_.hits;
  take(found);
  return use_of(found);
}

void RegistrationCache::release(const Use& use) noexcept {
  Region& region = regions_[use.region];
  assert(region.generation == use.generation && region.uses > 0);
  if (--region.uses > 0) return;
  --regions_in_use_;
  pages_in_use_ -= region.pages.count();
  if (region.in_index) {
    append_idle(use.region);
  } else {
    deregister_region(use.region);
  }
}

void RegistrationCache::invalidate(std::span<const std::byte> memory) noexcept {
  if (!memory.empty()) invalidate_pages(pages_of(memory));
}

void RegistrationCache::flush() noexcept {
  ++counters_.flushes;
  while (index_.size() > 0) retire(index_.first_at_or_after(0));
}

void RegistrationCache::process_invalidations() noexcept {
  if (source_ == nullptr) return;
  InvalidationSource::Told told;
  do {
    told = source_->take(told_);
    // What was lost may have been about any region.
    if (told.lost && !settings_.ignore_invalidations) flush();
    for (std::size_t i = 0; i < told.count; ++i) invalidate_pages(told_[i]);
  } while (told.count == told_.size());
}

void RegistrationCache::append_to(std::vector<Counter>& counters) const {
  const RegistrationCounters& c = counters_;
  counters.insert(counters.end(), {{"registration_hits", c.hits},
                                   {"registration_misses", c.misses},
                                   {"registration_evictions", c.evictions},
                                   {"registration_replacements", c.replacements},
                                   {"registration_invalidations", c.invalidations},
                                   {"registration_invalidated_regions", c.invalidated},
                                   {"registration_flushes", c.flushes},
                                   {"registration_refused", c.refused},
                                   {"registration_full_stalls", c.full_stalls},
                                   {"registration_failures", c.failures},
                                   {"register_failures", c.register_failures},
                                   {"deregister_failures", c.deregister_failures},
                                   {"pinned_bytes", c.pinned_bytes},
                                   {"peak_pinned_bytes", c.peak_pinned_bytes},
                                   {"registered_regions", c.regions},
                                   {"peak_registered_regions", c.peak_regions},
                                   {"register_p50_ns", register_ns_.percentile_ns(50)},
                                   {"register_p99_ns", register_ns_.percentile_ns(99)},
                                   {"deregister_p50_ns", deregister_ns_.percentile_ns(50)},
                                   {"deregister_p99_ns", deregister_ns_.percentile_ns(99)}});
}

PageRange RegistrationCache::pages_of(std::span<const std::byte> memory) const noexcept {
  assert(!memory.empty());
  const auto start = reinterpret_cast<std::uintptr_t>(memory.data());
  return {start >> page_shift_, ((start + memory.size() - 1) >> page_shift_) + 1};
}

std::span<std::byte> RegistrationCache::bytes_of(PageRange pages) const noexcept {
  return {reinterpret_cast<std::byte*>(pages.first << page_shift_), pages.count() << page_shift_};
}

RegistrationCache::Use RegistrationCache::use_of(std::uint32_t region) const noexcept {
  const Region& of = regions_[region];
  const std::span<std::byte> bytes = bytes_of(of.pages);
  return {of.handle, bytes.data(), bytes.size(), of.generation, region};
}

void RegistrationCache::take(std::uint32_t region) noexcept {
  if (regions_[region].uses++ > 0) return;
  unlink_idle(region);
  ++regions_in_use_;
  pages_in_use_ += regions_[region].pages.count();
}

// The region is in the index before room is made and the device is asked, because the regions that go meanwhile must
// not stop the watch over pages that they share with it. Having a use, it cannot go itself.
tl::expected<RegistrationCache::Use, Failure> RegistrationCache::miss(PageRange wanted) noexcept {
  ++counters_.misses;
  if (const Failure full = check_limits(wanted)) {
    ++(full.errno_value == EAGAIN ? counters_.full_stalls : counters_.failures);
    return tl::make_unexpected(full);
  }
  bool cached = settings_.policy != RegistrationPolicy::none && watch(wanted);
  // What is replaced takes its watch with it.
  if (cached && replace_contained(wanted)) cached = watch(wanted);
  const std::uint32_t region = make_region(wanted, cached);
  make_room_for(wanted);
  if (const Failure failure = register_region(region)) {
    ++counters_.failures;
    if (cached) take_out_of_sight(region);
    --regions_in_use_;
    pages_in_use_ -= wanted.count();
    free_region(region);
    return tl::make_unexpected(failure);
  }
  return use_of(region);
}

Failure RegistrationCache::check_limits(PageRange wanted) const noexcept {
  if (wanted.count() > max_pages_) return limit_failure(ENOMEM, "register memory: larger than the cache may hold");
  if (regions_in_use_ == settings_.max_regions || pages_in_use_ + wanted.count() > max_pages_) {
    return limit_failure(EAGAIN, "register memory: the cache is full of regions in use");
  }
  return {};
}

bool RegistrationCache::watch(PageRange wanted) noexcept {
  if (source_ == nullptr || !source_->watch(wanted)) return true;
  ++counters_.refused;
  return false;
}

std::uint32_t RegistrationCache::make_region(PageRange pages, bool cached) noexcept {
  const std::uint32_t region = free_;
  assert(region != no_region);
  Region& made = regions_[region];
  free_ = made.newer;
  made = {.pages = pages, .generation = ++last_generation_, .uses = 1, .in_index = cached};
  ++regions_in_use_;
  pages_in_use_ += pages.count();
  if (cached) index_.insert(pages.first, region);
  return region;
}

void RegistrationCache::make_room_for(PageRange wanted) noexcept {
  while (counters_.regions == settings_.max_regions ||
         (counters_.pinned_bytes >> page_shift_) + wanted.count() > max_pages_) {
    evict_oldest();
  }
}

// The device may be short of memory in ways that the limits do not know. Every further try is preceded by deregistering
// at least as much as is wanted, so that many small regions do not make many tries.
Failure RegistrationCache::register_region(std::uint32_t region) noexcept {
  const std::span<std::byte> bytes = bytes_of(regions_[region].pages);
  for (;;) {
    const Ticks start = ticks_now();
    const tl::expected<std::uint64_t, Failure> handle = registrar_.register_pages(bytes);
    if (handle) {
      register_ns_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(ticks_to_ns(ticks_now() - start), 0)));
      regions_[region].handle = *handle;
      counters_.pinned_bytes += bytes.size();
      counters_.peak_pinned_bytes = std::max(counters_.peak_pinned_bytes, counters_.pinned_bytes);
      counters_.peak_regions = std::max(counters_.peak_regions, ++counters_.regions);
      return {};
    }
    ++counters_.register_failures;
    if (handle.error().code != ErrorCode::no_memory || oldest_idle_ == no_region) return handle.error();
    const std::uint64_t before = counters_.pinned_bytes;
    while (oldest_idle_ != no_region && before - counters_.pinned_bytes < bytes.size()) evict_oldest();
  }
}

void RegistrationCache::deregister_region(std::uint32_t region) noexcept {
  const Ticks start = ticks_now();
  if (registrar_.deregister(regions_[region].handle)) {
    ++counters_.deregister_failures;
  } else {
    deregister_ns_.record(static_cast<std::uint64_t>(std::max<std::int64_t>(ticks_to_ns(ticks_now() - start), 0)));
  }
  counters_.pinned_bytes -= regions_[region].pages.count() << page_shift_;
  --counters_.regions;
  free_region(region);
}

void RegistrationCache::free_region(std::uint32_t region) noexcept {
  regions_[region] = {.newer = free_};
  free_ = region;
}

void RegistrationCache::evict_oldest() noexcept {
  ++counters_.evictions;
  retire(oldest_idle_);
}

// Out of sight now, deregistered as soon as nothing uses it.
void RegistrationCache::retire(std::uint32_t region) noexcept {
  take_out_of_sight(region);
  if (regions_[region].uses > 0) return;
  unlink_idle(region);
  deregister_region(region);
}

// Stops the watch over those of its pages that no other region needs watched. Only the neighbours can share pages: of
// all regions before it, the nearest reaches furthest, and of all behind it, the nearest starts first.
void RegistrationCache::take_out_of_sight(std::uint32_t region) noexcept {
  Region& out = regions_[region];
  index_.erase(out.pages.first);
  out.in_index = false;
  if (source_ == nullptr) return;
  PageRange alone = out.pages;
  const std::uint32_t before = index_.last_at_or_before(alone.first);
  const std::uint32_t behind = index_.first_at_or_after(alone.first);
  if (before != no_region) alone.first = std::max(alone.first, regions_[before].pages.end);
  if (behind != no_region) alone.end = std::min(alone.end, regions_[behind].pages.first);
  if (!alone.empty()) source_->unwatch(alone);
}

bool RegistrationCache::replace_contained(PageRange wanted) noexcept {
  for (bool replaced = false;; replaced = true) {
    const std::uint32_t region = index_.first_at_or_after(wanted.first);
    if (region == no_region || !wanted.contains(regions_[region].pages)) return replaced;
    ++counters_.replacements;
    retire(region);
  }
}

void RegistrationCache::invalidate_pages(PageRange pages) noexcept {
  ++counters_.invalidations;
  if (settings_.ignore_invalidations) return;
  for (;;) {
    // Of all regions that start before the range ends, the last reaches furthest.
    const std::uint32_t region = index_.last_at_or_before(pages.end - 1);
    if (region == no_region || !regions_[region].pages.overlaps(pages)) return;
    ++counters_.invalidated;
    retire(region);
  }
}

void RegistrationCache::append_idle(std::uint32_t region) noexcept {
  regions_[region].older = newest_idle_;
  regions_[region].newer = no_region;
  (newest_idle_ == no_region ? oldest_idle_ : regions_[newest_idle_].newer) = region;
  newest_idle_ = region;
}

void RegistrationCache::unlink_idle(std::uint32_t region) noexcept {
  const Region& out = regions_[region];
  (out.older == no_region ? oldest_idle_ : regions_[out.older].newer) = out.newer;
  (out.newer == no_region ? newest_idle_ : regions_[out.newer].older) = out.older;
}

}  // namespace xover
