// Ten million random operations on the registration cache and on the model of it: acquire, release, unmap and map again
// at the same address, invalidate, flush, failures of the device, memory that cannot be watched, lost invalidations.
// After each, what was answered, every counter and every call of the device must be the same; and no acquired region
// may hold memory from before an unmap.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "tests/unit/registration_model.h"

namespace xover {
namespace {

using test::fake_memory;
using test::FakeDevice;
using test::FakeSource;
using test::page_bytes;
using test::RegistrationModel;

constexpr std::uint64_t page_count = 256;
constexpr std::size_t most_uses = 24;

// SplitMix64, as published by Vigna: the test spends its time on the cache, not on random numbers.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return (mixed ^ (mixed >> 31)) % bound;
  }
  bool one_in(std::uint64_t odds) { return below(odds) == 0; }

 private:
  std::uint64_t state_;
};

class Comparison {
 public:
  Comparison(RegistrationPolicy policy, std::uint64_t seed)
      : settings_{.policy = policy, .max_bytes = 120 * page_bytes, .max_regions = 16},
        random_(seed),
        model_(settings_) {
    std::unique_ptr<FakeSource> source;
    if (policy == RegistrationPolicy::uffd) source = std::make_unique<FakeSource>(page_count);
    source_ = source.get();
    cache_ = std::move(*RegistrationCache::open(device_, settings_, std::move(source)));
  }

  void run(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
      step();
      compare();
      ASSERT_FALSE(testing::Test::HasFailure()) << "operation " << i;
    }
    while (!uses_.empty()) release();
    compare();
  }

  const RegistrationCounters& counters() const { return cache_->counters(); }

 private:
  struct OutstandingUse {
    RegistrationCache::Use use;
    std::uint64_t generation = 0;  // the model's
  };

  void step() {
    ++now_;
    const std::uint64_t dice = random_.below(1000);
    if (dice < 500) {
      acquire();
    } else if (dice < 930) {
      if (!uses_.empty()) release();
    } else if (dice < 980) {
      unmap_and_map();
    } else if (dice < 990) {
      const PageRange pages = random_pages();
      cache_->invalidate(memory_of(pages));
      model_.invalidate(pages);
    } else if (dice < 998) {
      take_told();
      cache_->process_invalidations();
    } else {
      cache_->flush();
      model_.flush();
    }
  }

  // Mostly a few pages of a few popular places, so that there are hits; now and then anything.
  PageRange random_pages() {
    if (random_.one_in(3)) {
      const std::uint64_t first = random_.below(12) * 20;
      return {first, first + 4 + random_.below(2) * 4};
    }
    const std::uint64_t first = random_.below(page_count - 1);
    const std::uint64_t most =
        random_.one_in(50) ? page_count - first : std::min<std::uint64_t>(12, page_count - first);
    return {first, first + 1 + random_.below(most)};
  }

  // Starts and ends within its first and last page.
  std::span<const std::byte> memory_of(PageRange pages) {
    const std::size_t start = random_.below(page_bytes / 2), end = random_.below(page_bytes / 2);
    return fake_memory(pages.first, pages.count() * page_bytes - start - end, start);
  }

  bool refused(PageRange pages) const {
    if (source_ == nullptr) return false;
    const auto begin = source_->refused.begin();
    return std::find(begin + pages.first, begin + pages.end, true) != begin + pages.end;
  }

  void acquire() {
    if (uses_.size() == most_uses) return;
    const PageRange wanted = random_pages();
    RegistrationModel::Device failures;
    if (random_.one_in(40)) failures.memory_failures = static_cast<int>(1 + random_.below(6));
    failures.other_failure = random_.one_in(40);
    device_.memory_failures = failures.memory_failures;
    device_.other_failure = failures.other_failure;

    take_told();
    const RegistrationModel::Answer expected = model_.acquire(wanted, refused(wanted), failures);
    const auto use = cache_->acquire(memory_of(wanted));
    device_.memory_failures = 0;
    device_.other_failure = false;
    ASSERT_EQ(use ? 0 : use.error().errno_value, expected.errno_value);
    if (!use) return;
    EXPECT_EQ(test::page_range({use->start, use->size_bytes}), expected.pages);
    uses_.push_back({*use, expected.generation});
    device_.count_use(use->handle, 1);
    check_generation(*use, expected.generation, wanted);
  }

  // The cache numbers its registrations in the order in which the model does, and what is used is fresh.
  void check_generation(const RegistrationCache::Use& use, std::uint64_t expected, PageRange wanted) {
    EXPECT_EQ(use.generation, expected);
    if (expected >= registered_at_.size()) registered_at_.resize(expected + 1'000'000);
    if (registered_at_[expected] == 0) registered_at_[expected] = now_;
    for (std::uint64_t page = wanted.first; page < wanted.end; ++page) {
      EXPECT_LE(changed_at_[page], registered_at_[expected]) << "stale page " << page;
    }
  }

  void release() {
    const std::size_t position = random_.below(uses_.size());
    const OutstandingUse out = uses_[position];
    uses_[position] = uses_.back();
    uses_.pop_back();
    device_.count_use(out.use.handle, -1);
    cache_->release(out.use);
    model_.release(out.generation);
  }

  // What is mapped in the same place is other memory, and may be of a kind that cannot be watched. The application
  // tells under `owned`, the source under `uffd`, and then only of pages that are watched.
  void unmap_and_map() {
    const PageRange pages = random_pages();
    for (std::uint64_t page = pages.first; page < pages.end; ++page) changed_at_[page] = now_;
    if (source_ == nullptr) {
      cache_->invalidate(memory_of(pages));
      model_.invalidate(pages);
      return;
    }
    const bool watched = source_->unmap(pages);
    const bool refused_from_now = random_.one_in(20);
    std::fill(source_->refused.begin() + pages.first, source_->refused.begin() + pages.end, refused_from_now);
    if (!watched) return;
    if (random_.one_in(20)) {
      source_->lost = true;
    } else {
      source_->tell(pages);
    }
  }

  // The model hears what the cache will hear in its next call.
  void take_told() {
    if (source_ == nullptr) return;
    if (source_->lost) model_.flush();
    for (const PageRange pages : source_->told) {
      model_.invalidate({pages.first - test::first_fake_page, pages.end - test::first_fake_page});
    }
  }

  void compare() {
    if (cache_->counters() != model_.counters()) compare_counters();
    if (device_.calls != model_.calls()) ADD_FAILURE() << "the device saw other calls than the model made";
    device_.calls.clear();
    model_.calls().clear();
    // Every page that is watched by the rules is watched, or its unmapping was told and not yet taken.
    if (source_ == nullptr || !source_->told.empty() || source_->lost) return;
    const std::uint64_t page = now_ % page_count;
    EXPECT_EQ(source_->watched[page] != 0, model_.is_watched(page)) << "page " << page;
  }

  void compare_counters() {
    const RegistrationCounters &cache = cache_->counters(), &model = model_.counters();
    EXPECT_EQ(cache.hits, model.hits);
    EXPECT_EQ(cache.misses, model.misses);
    EXPECT_EQ(cache.evictions, model.evictions);
    EXPECT_EQ(cache.replacements, model.replacements);
    EXPECT_EQ(cache.invalidations, model.invalidations);
    EXPECT_EQ(cache.invalidated, model.invalidated);
    EXPECT_EQ(cache.flushes, model.flushes);
    EXPECT_EQ(cache.refused, model.refused);
    EXPECT_EQ(cache.register_failures, model.register_failures);
    EXPECT_EQ(cache.full_stalls, model.full_stalls);
    EXPECT_EQ(cache.failures, model.failures);
    EXPECT_EQ(cache.pinned_bytes, model.pinned_bytes);
    EXPECT_EQ(cache.peak_pinned_bytes, model.peak_pinned_bytes);
    EXPECT_EQ(cache.regions, model.regions);
    EXPECT_EQ(cache.peak_regions, model.peak_regions);
    ADD_FAILURE() << "the counters differ";
  }

  RegistrationSettings settings_;
  Random random_;
  FakeDevice device_;
  FakeSource* source_ = nullptr;
  std::unique_ptr<RegistrationCache> cache_;
  RegistrationModel model_;
  std::vector<OutstandingUse> uses_;
  std::uint64_t now_ = 0;
  std::array<std::uint64_t, page_count> changed_at_{};
  std::vector<std::uint64_t> registered_at_;  // by generation
};

TEST(RegistrationModelTest, OwnedAgreesForFiveMillionOperations) {
  Comparison t(RegistrationPolicy::owned, 1);
  t.run(5'000'000);
  const RegistrationCounters& seen = t.counters();
  for (const std::uint64_t each : {seen.hits, seen.evictions, seen.replacements, seen.invalidated, seen.flushes,
                                   seen.register_failures, seen.full_stalls, seen.failures}) {
    EXPECT_GT(each, 1000u);
  }
}

TEST(RegistrationModelTest, UffdAgreesForFourMillionOperations) {
  Comparison t(RegistrationPolicy::uffd, 2);
  t.run(4'000'000);
  const RegistrationCounters& seen = t.counters();
  for (const std::uint64_t each : {seen.hits, seen.evictions, seen.replacements, seen.invalidated, seen.flushes,
                                   seen.refused, seen.register_failures, seen.full_stalls, seen.failures}) {
    EXPECT_GT(each, 1000u);
  }
}

TEST(RegistrationModelTest, NoneAgreesForOneMillionOperations) {
  Comparison t(RegistrationPolicy::none, 3);
  t.run(1'000'000);
  EXPECT_EQ(t.counters().hits, 0u);
  EXPECT_EQ(t.counters().evictions, 0u);
  EXPECT_GT(t.counters().full_stalls, 1000u);
}

}  // namespace
}  // namespace xover
