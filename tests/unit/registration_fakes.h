// A device and a source of invalidations for the tests of the registration cache. The device watches the rules that
// every user of a device relies on, and complains by gtest: nothing idle is registered a second time, nothing is
// deregistered in use or twice, and nothing is left when it goes. Pages are numbers; no memory is touched.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "transports/common/registration/registration_cache.h"

namespace xover::test {

inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::uint64_t first_fake_page = std::uint64_t{1} << 28;

// Memory from page `first` of the fake ones on.
inline std::span<std::byte> fake_memory(std::uint64_t first, std::size_t size_bytes, std::size_t offset_bytes = 0) {
  return {reinterpret_cast<std::byte*>((first_fake_page + first) * page_bytes + offset_bytes), size_bytes};
}

inline std::span<std::byte> fake_pages(std::uint64_t first, std::uint64_t count) {
  return fake_memory(first, count * page_bytes);
}

inline PageRange page_range(std::span<const std::byte> pages) {
  const std::uint64_t first = reinterpret_cast<std::uintptr_t>(pages.data()) / page_bytes - first_fake_page;
  return {first, first + pages.size() / page_bytes};
}

struct DeviceCall {
  bool registers = false;
  PageRange pages{0, 0};

  bool operator==(const DeviceCall&) const = default;
};

class FakeDevice final : public Registrar {
 public:
  ~FakeDevice() { EXPECT_TRUE(live_.empty()) << live_.size() << " regions were left registered"; }

  tl::expected<std::uint64_t, Failure> register_pages(std::span<std::byte> pages) noexcept override {
    const PageRange range = page_range(pages);
    if (memory_failures > 0) {
      --memory_failures;
      return tl::make_unexpected(failure_of_errno(ENOMEM, "fake register"));
    }
    if (other_failure) return tl::make_unexpected(failure_of_errno(EFAULT, "fake register"));
    for (const Live& live : live_) {
      EXPECT_FALSE(live.uses == 0 && live.pages.contains(range)) << "registered a second time";
    }
    calls.push_back({true, range});
    live_.push_back({++last_handle_, range, 0});
    return last_handle_;
  }

  Failure deregister(std::uint64_t handle) noexcept override {
    const auto live = std::ranges::find(live_, handle, &Live::handle);
    EXPECT_TRUE(live != live_.end()) << "deregistered what is not registered";
    if (live == live_.end()) return failure_of_errno(ENOENT, "fake deregister");
    EXPECT_EQ(live->uses, 0) << "deregistered in use";
    calls.push_back({false, live->pages});
    live_.erase(live);
    return deregister_fails ? failure_of_errno(EINVAL, "fake deregister") : Failure{};
  }

  // The test says what is in use, around acquire() and release().
  void count_use(std::uint64_t handle, int more) {
    const auto live = std::ranges::find(live_, handle, &Live::handle);
    ASSERT_TRUE(live != live_.end());
    live->uses += more;
  }

  std::size_t live_regions() const { return live_.size(); }
  std::uint64_t live_pages() const {
    std::uint64_t pages = 0;
    for (const Live& live : live_) pages += live.pages.count();
    return pages;
  }

  int memory_failures = 0;     // the next so many registrations fail with ENOMEM
  bool other_failure = false;  // after those, registrations fail with EFAULT
  bool deregister_fails = false;
  std::vector<DeviceCall> calls;  // those that were obeyed

 private:
  struct Live {
    std::uint64_t handle = 0;
    PageRange pages{0, 0};
    int uses = 0;
  };
  std::vector<Live> live_;
  std::uint64_t last_handle_ = 100;
};

// Tells what the test says, of pages that are watched; like the kernel, it knows nothing of regions.
class FakeSource final : public InvalidationSource {
 public:
  explicit FakeSource(std::size_t page_count) : watched(page_count), refused(page_count) {}

  Failure watch(PageRange pages) noexcept override {
    for (std::uint64_t page = own(pages).first; page < own(pages).end; ++page) {
      if (refused[page]) return failure_of_errno(EINVAL, "fake watch");
    }
    std::fill(watched.begin() + own(pages).first, watched.begin() + own(pages).end, true);
    return {};
  }
  void unwatch(PageRange pages) noexcept override {
    std::fill(watched.begin() + own(pages).first, watched.begin() + own(pages).end, false);
  }
  Told take(std::span<PageRange> out) noexcept override {
    Told taken{std::min(out.size(), told.size()), std::exchange(lost, false)};
    std::copy_n(told.begin(), taken.count, out.begin());
    told.erase(told.begin(), told.begin() + taken.count);
    return taken;
  }

  // These pages were unmapped: true when that is worth telling. Their watch ends with them.
  bool unmap(PageRange fake) {
    const bool any =
        std::find(watched.begin() + fake.first, watched.begin() + fake.end, true) != watched.begin() + fake.end;
    std::fill(watched.begin() + fake.first, watched.begin() + fake.end, false);
    return any;
  }
  void tell(PageRange fake) { told.push_back({fake.first + first_fake_page, fake.end + first_fake_page}); }

  std::vector<char> watched, refused;
  std::vector<PageRange> told;
  bool lost = false;

 private:
  static PageRange own(PageRange pages) { return {pages.first - first_fake_page, pages.end - first_fake_page}; }
};

}  // namespace xover::test
