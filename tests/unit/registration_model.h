// The rules of the registration cache once more, in the plainest way: a vector of regions, searched from end to end.
// It predicts what the cache answers, what it counts, and which calls the device sees in which order.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/unit/registration_fakes.h"

namespace xover::test {

class RegistrationModel {
 public:
  struct Answer {
    int errno_value = 0;  // 0: acquired
    PageRange pages{0, 0};
    std::uint64_t generation = 0;
  };

  // What the device will do with the next registrations; as FakeDevice has it.
  struct Device {
    int memory_failures = 0;
    bool other_failure = false;
  };

  explicit RegistrationModel(const RegistrationSettings& settings)
      : settings_(settings), max_pages_(settings.max_bytes / page_bytes) {}

  // `refused`: the source does not watch these pages.
  Answer acquire(PageRange wanted, bool refused, Device device);
  void release(std::uint64_t generation);
  void invalidate(PageRange pages);
  void flush();

  const RegistrationCounters& counters() const { return counters_; }
  std::vector<DeviceCall>& calls() { return calls_; }
  bool is_watched(std::uint64_t page) const;  // lies in a region that can be found
  std::uint64_t registered_pages() const;

 private:
  struct Region {
    PageRange pages{0, 0};
    std::uint64_t generation = 0;
    int uses = 0;
    bool visible = false;
    std::uint64_t released_at = 0;  // a count of releases
  };

  std::uint64_t pages_in_use() const;
  std::size_t regions_in_use() const;
  std::optional<std::size_t> covering(PageRange wanted) const;
  std::optional<std::size_t> oldest_idle() const;
  void drop(std::size_t region);
  void evict_oldest();
  std::optional<int> register_with(Device& device, PageRange wanted);
  void count_registered();
  template <typename Chosen>
  std::size_t retire_if(Chosen chosen, bool from_the_last);

  RegistrationSettings settings_;
  std::uint64_t max_pages_;
  std::vector<Region> regions_;  // by first page
  RegistrationCounters counters_;
  std::vector<DeviceCall> calls_;
  std::uint64_t last_generation_ = 0, releases_ = 0;
};

inline std::uint64_t RegistrationModel::registered_pages() const {
  std::uint64_t pages = 0;
  for (const Region& region : regions_) pages += region.pages.count();
  return pages;
}

inline std::uint64_t RegistrationModel::pages_in_use() const {
  std::uint64_t pages = 0;
  for (const Region& region : regions_) pages += region.uses > 0 ? region.pages.count() : 0;
  return pages;
}

inline std::size_t RegistrationModel::regions_in_use() const {
  return static_cast<std::size_t>(std::ranges::count_if(regions_, [](const Region& r) { return r.uses > 0; }));
}

inline bool RegistrationModel::is_watched(std::uint64_t page) const {
  return std::ranges::any_of(regions_, [page](const Region& region) {
    return region.visible && region.pages.first <= page && page < region.pages.end;
  });
}

// Where several cover it, the one that starts last.
inline std::optional<std::size_t> RegistrationModel::covering(PageRange wanted) const {
  for (std::size_t i = regions_.size(); i-- > 0;) {
    if (regions_[i].visible && regions_[i].pages.contains(wanted)) return i;
  }
  return std::nullopt;
}

inline std::optional<std::size_t> RegistrationModel::oldest_idle() const {
  std::optional<std::size_t> oldest;
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    if (regions_[i].uses > 0) continue;
    if (!oldest || regions_[i].released_at < regions_[*oldest].released_at) oldest = i;
  }
  return oldest;
}

inline void RegistrationModel::drop(std::size_t region) {
  calls_.push_back({false, regions_[region].pages});
  regions_.erase(regions_.begin() + static_cast<std::ptrdiff_t>(region));
  count_registered();
}

inline void RegistrationModel::count_registered() {
  counters_.regions = regions_.size();
  counters_.pinned_bytes = registered_pages() * page_bytes;
  counters_.peak_regions = std::max(counters_.peak_regions, counters_.regions);
  counters_.peak_pinned_bytes = std::max(counters_.peak_pinned_bytes, counters_.pinned_bytes);
}

inline void RegistrationModel::evict_oldest() {
  ++counters_.evictions;
  drop(*oldest_idle());
}

// Returns how many there were.
template <typename Chosen>
std::size_t RegistrationModel::retire_if(Chosen chosen, bool from_the_last) {
  std::vector<std::uint64_t> generations;
  for (const Region& region : regions_) {
    if (region.visible && chosen(region.pages)) generations.push_back(region.generation);
  }
  if (from_the_last) std::ranges::reverse(generations);
  for (const std::uint64_t generation : generations) {
    const auto region = std::ranges::find(regions_, generation, &Region::generation);
    region->visible = false;
    if (region->uses == 0) drop(static_cast<std::size_t>(region - regions_.begin()));
  }
  return generations.size();
}

// The errno of the failure; none: registered.
inline std::optional<int> RegistrationModel::register_with(Device& device, PageRange wanted) {
  for (;;) {
    if (device.memory_failures == 0 && !device.other_failure) return std::nullopt;
    ++counters_.register_failures;
    if (device.memory_failures == 0) return EFAULT;
    --device.memory_failures;
    if (!oldest_idle()) return ENOMEM;
    const std::uint64_t before = registered_pages();
    while (oldest_idle() && before - registered_pages() < wanted.count()) evict_oldest();
  }
}

inline RegistrationModel::Answer RegistrationModel::acquire(PageRange wanted, bool refused, Device device) {
  if (const auto found = covering(wanted)) {
    ++counters_.hits;
    ++regions_[*found].uses;
    return {0, regions_[*found].pages, regions_[*found].generation};
  }
  ++counters_.misses;
  if (wanted.count() > max_pages_) {
    ++counters_.failures;
    return {.errno_value = ENOMEM};
  }
  if (regions_in_use() == settings_.max_regions || pages_in_use() + wanted.count() > max_pages_) {
    ++counters_.full_stalls;
    return {.errno_value = EAGAIN};
  }
  const bool kept = settings_.policy != RegistrationPolicy::none && !refused;
  if (settings_.policy != RegistrationPolicy::none && refused) ++counters_.refused;
  if (kept) {
    counters_.replacements += retire_if([&](PageRange pages) { return wanted.contains(pages); }, false);
  }
  ++last_generation_;
  while (regions_.size() == settings_.max_regions || registered_pages() + wanted.count() > max_pages_) evict_oldest();
  if (const auto errno_value = register_with(device, wanted)) {
    ++counters_.failures;
    return {.errno_value = *errno_value};
  }
  calls_.push_back({true, wanted});
  const auto behind =
      std::ranges::find_if(regions_, [&](const Region& region) { return region.pages.first > wanted.first; });
  regions_.insert(behind, Region{wanted, last_generation_, 1, kept});
  count_registered();
  return {0, wanted, last_generation_};
}

inline void RegistrationModel::release(std::uint64_t generation) {
  const auto region = std::ranges::find(regions_, generation, &Region::generation);
  if (--region->uses > 0) return;
  region->released_at = ++releases_;
  if (!region->visible) drop(static_cast<std::size_t>(region - regions_.begin()));
}

inline void RegistrationModel::invalidate(PageRange pages) {
  ++counters_.invalidations;
  counters_.invalidated += retire_if([&](PageRange of) { return of.overlaps(pages); }, true);
}

inline void RegistrationModel::flush() {
  ++counters_.flushes;
  retire_if([](PageRange) { return true; }, false);
}

}  // namespace xover::test
