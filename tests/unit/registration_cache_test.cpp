// The rules of the registration cache, one by one, on a device that is not there.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include "tests/unit/registration_fakes.h"

namespace xover {
namespace {

using test::DeviceCall;
using test::fake_memory;
using test::fake_pages;
using test::FakeDevice;
using test::FakeSource;
using test::page_bytes;
using Use = RegistrationCache::Use;

constexpr std::size_t fake_page_count = 256;

RegistrationSettings settings_of(RegistrationPolicy policy, std::size_t max_regions = 8, std::size_t max_pages = 100) {
  return {.policy = policy, .max_bytes = max_pages * page_bytes, .max_regions = max_regions};
}

struct Rig {
  FakeDevice device;
  FakeSource* source = nullptr;
  std::unique_ptr<RegistrationCache> cache;

  explicit Rig(RegistrationSettings settings = settings_of(RegistrationPolicy::owned)) {
    std::unique_ptr<FakeSource> made;
    if (settings.policy == RegistrationPolicy::uffd) made = std::make_unique<FakeSource>(fake_page_count);
    source = made.get();
    cache = std::move(*RegistrationCache::open(device, settings, std::move(made)));
  }

  Use acquire(std::span<const std::byte> memory) {
    const auto use = cache->acquire(memory);
    EXPECT_TRUE(use.has_value());
    if (!use) return {};
    device.count_use(use->handle, 1);
    EXPECT_LE(use->start, memory.data());
    EXPECT_GE(use->start + use->size_bytes, memory.data() + memory.size());
    return *use;
  }
  void release(const Use& use) {
    device.count_use(use.handle, -1);
    cache->release(use);
  }
  void touch(std::span<const std::byte> memory) { release(acquire(memory)); }
  const RegistrationCounters& counters() const { return cache->counters(); }
};

TEST(RegistrationCacheTest, WithinARegionEverythingHits) {
  Rig t;
  const Use whole = t.acquire(fake_memory(10, 3 * page_bytes, 100));  // four pages: it starts and ends within one
  EXPECT_EQ(whole.start, fake_pages(10, 4).data());
  EXPECT_EQ(whole.size_bytes, 4 * page_bytes);
  const Use part = t.acquire(fake_memory(12, 1, 17));
  EXPECT_EQ(part.handle, whole.handle);
  EXPECT_EQ(part.generation, whole.generation);
  t.release(whole);
  t.release(part);
  EXPECT_EQ(t.counters().hits, 1u);
  EXPECT_EQ(t.counters().misses, 1u);
  EXPECT_EQ(t.device.calls.size(), 1u);
}

TEST(RegistrationCacheTest, OneByteBeyondARegionMisses) {
  Rig t;
  t.touch(fake_pages(10, 4));
  t.touch(fake_memory(13, page_bytes, 1));
  t.touch(fake_memory(9, 2, page_bytes - 1));
  EXPECT_EQ(t.counters().misses, 3u);
  EXPECT_EQ(t.device.live_regions(), 3u);
}

TEST(RegistrationCacheTest, TwoRegionsTogetherAreNoHit) {
  Rig t;
  t.touch(fake_pages(10, 2));
  t.touch(fake_pages(12, 2));
  t.touch(fake_pages(11, 2));
  EXPECT_EQ(t.counters().misses, 3u);
}

TEST(RegistrationCacheTest, OverlappingRegionsLiveSideBySide) {
  Rig t;
  t.touch(fake_pages(10, 6));
  t.touch(fake_pages(13, 6));
  t.touch(fake_pages(10, 2));
  t.touch(fake_pages(12, 4));  // in the first alone
  t.touch(fake_pages(15, 4));  // in the second alone
  EXPECT_EQ(t.counters().hits, 3u);
  EXPECT_EQ(t.device.live_regions(), 2u);
}

TEST(RegistrationCacheTest, ALargerRegionReplacesThoseWithinIt) {
  Rig t;
  t.touch(fake_pages(10, 2));
  const Use small = t.acquire(fake_pages(14, 2));
  const Use large = t.acquire(fake_pages(10, 8));
  EXPECT_EQ(t.counters().replacements, 2u);
  EXPECT_EQ(t.device.live_regions(), 2u);  // the small one in use goes with its last release
  const Use again = t.acquire(fake_pages(14, 2));
  EXPECT_EQ(again.handle, large.handle);
  t.release(small);
  EXPECT_EQ(t.device.live_regions(), 1u);
  t.release(again);
  t.release(large);
}

TEST(RegistrationCacheTest, TheLeastRecentlyReleasedGoesFirst) {
  Rig t(settings_of(RegistrationPolicy::owned, 3));
  t.touch(fake_pages(0, 1));
  t.touch(fake_pages(10, 1));
  t.touch(fake_pages(20, 1));
  t.touch(fake_pages(0, 1));
  t.device.calls.clear();
  t.touch(fake_pages(30, 1));
  EXPECT_EQ(t.device.calls, (std::vector<DeviceCall>{{false, {10, 11}}, {true, {30, 31}}}));
  EXPECT_EQ(t.counters().evictions, 1u);
}

TEST(RegistrationCacheTest, BytesAreLimitedToo) {
  Rig t(settings_of(RegistrationPolicy::owned, 8, 10));
  t.touch(fake_pages(0, 4));
  t.touch(fake_pages(10, 4));
  t.touch(fake_pages(20, 6));
  EXPECT_EQ(t.counters().evictions, 1u);
  EXPECT_EQ(t.counters().pinned_bytes, 10 * page_bytes);
  t.touch(fake_pages(30, 10));
  EXPECT_EQ(t.device.live_pages(), 10u);
  EXPECT_EQ(t.counters().peak_pinned_bytes, 10 * page_bytes);
}

TEST(RegistrationCacheTest, WhatIsInUseIsNotEvictedAndSaysTryAgain) {
  Rig t(settings_of(RegistrationPolicy::owned, 2));
  const Use first = t.acquire(fake_pages(0, 1));
  const Use second = t.acquire(fake_pages(10, 1));
  const auto third = t.cache->acquire(fake_pages(20, 1));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().errno_value, EAGAIN);
  EXPECT_EQ(t.counters().full_stalls, 1u);
  EXPECT_EQ(t.device.calls.size(), 2u);
  t.release(first);
  t.touch(fake_pages(20, 1));
  t.release(second);
}

TEST(RegistrationCacheTest, BytesInUseSayTryAgainWithoutEvictingInVain) {
  Rig t(settings_of(RegistrationPolicy::owned, 8, 10));
  const Use used = t.acquire(fake_pages(0, 6));
  t.touch(fake_pages(10, 4));
  const auto refused = t.cache->acquire(fake_pages(20, 5));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().errno_value, EAGAIN);
  EXPECT_EQ(t.counters().evictions, 0u);
  t.release(used);
  t.touch(fake_pages(20, 5));
}

TEST(RegistrationCacheTest, MoreThanTheLimitAtOnceFailsForGood) {
  Rig t(settings_of(RegistrationPolicy::owned, 8, 10));
  const auto use = t.cache->acquire(fake_pages(0, 11));
  ASSERT_FALSE(use);
  EXPECT_EQ(use.error().code, ErrorCode::no_memory);
  EXPECT_NE(use.error().errno_value, EAGAIN);
  EXPECT_EQ(t.counters().failures, 1u);
}

TEST(RegistrationCacheTest, WithoutMemoryIdleRegionsGoBeforeTheNextTry) {
  Rig t;
  for (std::uint64_t page = 0; page < 5; ++page) t.touch(fake_pages(10 * page, 1));
  t.device.memory_failures = 1;
  t.touch(fake_pages(60, 3));
  EXPECT_EQ(t.counters().evictions, 3u);  // as many pages as are wanted
  EXPECT_EQ(t.counters().register_failures, 1u);
  EXPECT_EQ(t.counters().failures, 0u);
}

TEST(RegistrationCacheTest, WithoutMemoryAndIdleRegionsItFails) {
  Rig t;
  const Use used = t.acquire(fake_pages(0, 1));
  t.touch(fake_pages(10, 1));
  t.device.memory_failures = 100;
  const auto use = t.cache->acquire(fake_pages(20, 1));
  ASSERT_FALSE(use);
  EXPECT_EQ(use.error().code, ErrorCode::no_memory);
  EXPECT_EQ(use.error().errno_value, ENOMEM);
  EXPECT_EQ(t.counters().register_failures, 2u);
  EXPECT_EQ(t.counters().failures, 1u);
  EXPECT_EQ(t.counters().regions, 1u);
  t.device.memory_failures = 0;
  t.touch(fake_pages(20, 1));  // nothing of the failure is left
  t.release(used);
}

TEST(RegistrationCacheTest, OtherFailuresEvictNothing) {
  Rig t;
  t.touch(fake_pages(0, 1));
  t.device.other_failure = true;
  const auto use = t.cache->acquire(fake_pages(10, 1));
  ASSERT_FALSE(use);
  EXPECT_EQ(use.error().errno_value, EFAULT);
  EXPECT_EQ(t.counters().evictions, 0u);
  EXPECT_EQ(t.counters().failures, 1u);
}

TEST(RegistrationCacheTest, AFailedDeregistrationIsCountedAndForgotten) {
  Rig t;
  t.touch(fake_pages(0, 1));
  t.device.deregister_fails = true;
  t.cache->flush();
  EXPECT_EQ(t.counters().deregister_failures, 1u);
  EXPECT_EQ(t.counters().regions, 0u);
  EXPECT_EQ(t.counters().pinned_bytes, 0u);
  EXPECT_EQ(t.cache->deregister_ns().count(), 0u);
}

TEST(RegistrationCacheTest, InvalidationMeetsEveryRegionThatSharesAPage) {
  Rig t;
  t.touch(fake_pages(0, 10));
  t.touch(fake_pages(2, 10));
  t.touch(fake_pages(20, 2));
  t.cache->invalidate(fake_memory(5, 1));
  EXPECT_EQ(t.counters().invalidations, 1u);
  EXPECT_EQ(t.counters().invalidated, 2u);
  EXPECT_EQ(t.device.live_regions(), 1u);
  t.cache->invalidate(fake_pages(30, 5));  // nothing there
  t.cache->invalidate(fake_pages(22, 1));  // next to it
  EXPECT_EQ(t.device.live_regions(), 1u);
}

TEST(RegistrationCacheTest, AnInvalidatedRegionInUseIsNotFoundAndGoesWithItsLastRelease) {
  Rig t;
  const Use before = t.acquire(fake_pages(0, 2));
  const Use shared = t.acquire(fake_pages(1, 1));
  t.cache->invalidate(fake_pages(0, 1));
  EXPECT_EQ(t.device.live_regions(), 1u);
  const Use after = t.acquire(fake_pages(0, 2));
  EXPECT_NE(after.handle, before.handle);
  EXPECT_GT(after.generation, before.generation);
  t.release(before);
  EXPECT_EQ(t.device.live_regions(), 2u);
  t.release(shared);
  EXPECT_EQ(t.device.live_regions(), 1u);
  t.release(after);
  EXPECT_EQ(t.device.live_regions(), 1u);
}

TEST(RegistrationCacheTest, FlushLeavesOnlyWhatIsInUse) {
  Rig t;
  t.touch(fake_pages(0, 1));
  const Use used = t.acquire(fake_pages(10, 1));
  t.cache->flush();
  EXPECT_EQ(t.device.live_regions(), 1u);
  t.release(used);
  EXPECT_EQ(t.device.live_regions(), 0u);
  EXPECT_EQ(t.counters().flushes, 1u);
}

TEST(RegistrationCacheTest, ThePolicyNoneRegistersForEachUse) {
  Rig t(settings_of(RegistrationPolicy::none));
  const Use first = t.acquire(fake_pages(0, 1));
  const Use second = t.acquire(fake_pages(0, 1));
  EXPECT_NE(first.handle, second.handle);
  t.release(first);
  t.release(second);
  EXPECT_EQ(t.counters().misses, 2u);
  EXPECT_EQ(t.counters().hits, 0u);
  EXPECT_EQ(t.device.calls.size(), 4u);
  EXPECT_EQ(t.counters().refused, 0u);
}

TEST(RegistrationCacheTest, WhatTheSourceTellsTakesEffectAtTheNextAcquire) {
  Rig t(settings_of(RegistrationPolicy::uffd));
  t.touch(fake_pages(0, 4));
  t.source->tell({2, 3});
  EXPECT_EQ(t.device.live_regions(), 1u);
  t.touch(fake_pages(0, 4));
  EXPECT_EQ(t.counters().misses, 2u);
  t.source->tell({2, 3});
  t.cache->process_invalidations();
  EXPECT_EQ(t.device.live_regions(), 0u);
}

TEST(RegistrationCacheTest, MoreThanOneHelpingOfInvalidationsIsTakenAtOnce) {
  Rig t(settings_of(RegistrationPolicy::uffd));
  t.touch(fake_pages(0, 1));
  for (int i = 0; i < 1000; ++i) t.source->tell({50, 51});
  t.source->tell({0, 1});
  t.touch(fake_pages(0, 1));
  EXPECT_EQ(t.counters().invalidations, 1001u);
  EXPECT_EQ(t.counters().misses, 2u);
}

TEST(RegistrationCacheTest, LostInvalidationsFlushEverything) {
  Rig t(settings_of(RegistrationPolicy::uffd));
  t.touch(fake_pages(0, 1));
  const Use used = t.acquire(fake_pages(10, 1));
  t.source->lost = true;
  const Use again = t.acquire(fake_pages(10, 1));
  EXPECT_NE(again.handle, used.handle);
  EXPECT_EQ(t.counters().flushes, 1u);
  EXPECT_EQ(t.device.live_regions(), 2u);
  t.release(used);
  t.release(again);
  t.touch(fake_pages(10, 1));
  EXPECT_EQ(t.counters().hits, 1u);  // one flush, not one for each later call
}

TEST(RegistrationCacheTest, RefusedMemoryIsRegisteredForOneUse) {
  Rig t(settings_of(RegistrationPolicy::uffd));
  t.source->refused[5] = true;
  t.touch(fake_pages(4, 1));
  const Use past = t.acquire(fake_pages(4, 2));
  EXPECT_EQ(t.counters().refused, 1u);
  EXPECT_EQ(t.counters().replacements, 0u);
  t.release(past);
  EXPECT_EQ(t.device.live_regions(), 1u);
  t.touch(fake_pages(4, 2));
  EXPECT_EQ(t.counters().refused, 2u);
  EXPECT_EQ(t.counters().hits, 0u);
}

std::string watched_pages(const FakeSource& source, std::size_t count) {
  std::string text;
  for (std::size_t page = 0; page < count; ++page) text += source.watched[page] ? 'w' : '.';
  return text;
}

TEST(RegistrationCacheTest, TheWatchEndsWithTheLastRegionOfAPage) {
  Rig t(settings_of(RegistrationPolicy::uffd, 3));
  t.touch(fake_pages(0, 4));
  t.touch(fake_pages(2, 4));
  t.touch(fake_pages(5, 3));
  EXPECT_EQ(watched_pages(*t.source, 10), "wwwwwwww..");
  t.touch(fake_pages(20, 1));  // evicts the first
  EXPECT_EQ(watched_pages(*t.source, 10), "..wwwwww..");
  t.touch(fake_pages(30, 1));  // and the second
  EXPECT_EQ(watched_pages(*t.source, 10), ".....www..");
  t.cache->flush();
  EXPECT_EQ(watched_pages(*t.source, 40), std::string(40, '.'));
}

TEST(RegistrationCacheTest, ALargerRegionIsWatchedWholeAfterItReplacedOthers) {
  Rig t(settings_of(RegistrationPolicy::uffd));
  t.touch(fake_pages(2, 2));
  t.touch(fake_pages(0, 6));
  EXPECT_EQ(watched_pages(*t.source, 8), "wwwwww..");
}

TEST(RegistrationCacheTest, MakingRoomKeepsTheWatchOverSharedPages) {
  Rig t(settings_of(RegistrationPolicy::uffd, 1));
  t.touch(fake_pages(0, 4));
  t.touch(fake_pages(2, 4));
  EXPECT_EQ(watched_pages(*t.source, 8), "..wwww..");
}

TEST(RegistrationCacheTest, AFailedRegistrationLeavesNoWatchButThatOfOthers) {
  Rig t(settings_of(RegistrationPolicy::uffd));
  t.touch(fake_pages(0, 3));
  t.device.other_failure = true;
  EXPECT_FALSE(t.cache->acquire(fake_pages(2, 4)));
  EXPECT_EQ(watched_pages(*t.source, 8), "www.....");
}

TEST(RegistrationCacheTest, IgnoredInvalidationsAreCountedAndChangeNothing) {
  RegistrationSettings settings = settings_of(RegistrationPolicy::uffd);
  settings.ignore_invalidations = true;
  Rig t(settings);
  t.touch(fake_pages(0, 1));
  t.cache->invalidate(fake_pages(0, 1));
  t.source->tell({0, 1});
  t.source->lost = true;
  t.touch(fake_pages(0, 1));
  EXPECT_EQ(t.counters().hits, 1u);
  EXPECT_EQ(t.counters().invalidations, 2u);
}

TEST(RegistrationCacheTest, BothTimesAreRecordedAndReported) {
  Rig t;
  t.touch(fake_pages(0, 1));
  t.cache->flush();
  EXPECT_EQ(t.cache->register_ns().count(), 1u);
  EXPECT_EQ(t.cache->deregister_ns().count(), 1u);
  std::vector<Counter> counters;
  t.cache->append_to(counters);
  EXPECT_NE(std::ranges::find(counters, "registration_misses", &Counter::name), counters.end());
  EXPECT_NE(std::ranges::find(counters, "register_p99_ns", &Counter::name), counters.end());
}

TEST(RegistrationCacheTest, LimitsThatAllowNothingAreRefused) {
  FakeDevice device;
  EXPECT_FALSE(RegistrationCache::open(device, settings_of(RegistrationPolicy::owned, 0)));
  EXPECT_FALSE(RegistrationCache::open(device, settings_of(RegistrationPolicy::owned, 1, 0)));
}

TEST(RegistrationCacheTest, PoliciesAreReadAsTheyAreWritten) {
  for (const char* name : {"none", "owned", "uffd"}) {
    const auto policy = parse_registration_policy(name);
    ASSERT_TRUE(policy);
    EXPECT_EQ(to_string(*policy), name);
  }
  EXPECT_FALSE(parse_registration_policy("userfaultfd"));
}

}  // namespace
}  // namespace xover
