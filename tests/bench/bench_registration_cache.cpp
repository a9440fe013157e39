// A hit of the registration cache against std::map::upper_bound over the same keys, in turns, uniform at random over
// 10 000 regions. The cache does all that a use does: find the region, take a reference and drop it again. The map only
// finds. `ratio` is the figure: 0.7 is what it may be.
//
// The sequence is longer than the branch predictor remembers. What is looked up next does not depend on what was found,
// so both may overlap one look-up with the next, as a program does that sends from many buffers.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <random>
#include <vector>

#include "core/clock.h"
#include "transports/common/registration/registration_cache.h"

namespace xover {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::uint32_t region_count = 10'000;
constexpr std::size_t region_bytes = 16 * page_bytes;
constexpr std::size_t distance_bytes = 19 * page_bytes;  // from one region's start to the next
constexpr std::size_t lookups = std::size_t{1} << 20;
constexpr int rounds = 21;

// Nothing to register with; what is looked up is never touched.
class NoDevice final : public Registrar {
 public:
  tl::expected<std::uint64_t, Failure> register_pages(std::span<std::byte>) noexcept override { return ++last_handle_; }
  Failure deregister(std::uint64_t) noexcept override { return {}; }

 private:
  std::uint64_t last_handle_ = 0;
};

std::byte* region_start(std::uint32_t region) {
  return reinterpret_cast<std::byte*>((std::uintptr_t{1} << 40) + region * distance_bytes);
}

// Messages that lie anywhere in a random region.
std::vector<std::span<const std::byte>> random_messages(std::mt19937_64& random) {
  std::vector<std::span<const std::byte>> messages(lookups);
  for (auto& message : messages) {
    const std::size_t offset = random() % (region_bytes - page_bytes);
    message = {region_start(static_cast<std::uint32_t>(random() % region_count)) + offset, page_bytes};
  }
  return messages;
}

double ns_each(Ticks ticks) { return static_cast<double>(ticks_to_ns(ticks)) / static_cast<double>(lookups); }

double median(std::array<double, rounds> values) {
  std::ranges::sort(values);
  return values[rounds / 2];
}

int run() {
  std::mt19937_64 random(3);
  std::vector<std::uint32_t> order(region_count);
  for (std::uint32_t region = 0; region < region_count; ++region) order[region] = region;
  std::ranges::shuffle(order, random);

  NoDevice device;
  RegistrationSettings settings;
  settings.max_regions = region_count;
  settings.max_bytes = region_count * region_bytes;
  const auto cache = *RegistrationCache::open(device, settings);
  std::map<std::uintptr_t, std::uint32_t> map;
  for (const std::uint32_t region : order) {
    cache->release(*cache->acquire({region_start(region), region_bytes}));
    map.emplace(reinterpret_cast<std::uintptr_t>(region_start(region)) / page_bytes, region);
  }

  const std::vector<std::span<const std::byte>> messages = random_messages(random);
  std::array<double, rounds> cache_ns, map_ns, ratios;
  std::uint64_t sum = 0;
  for (int round = 0; round < rounds; ++round) {
    const Ticks start = ticks_now();
    for (const auto& message : messages) {
      const RegistrationCache::Use use = *cache->acquire(message);
      sum += use.handle;
      cache->release(use);
    }
    const Ticks middle = ticks_now();
    for (const auto& message : messages) {
      sum += std::prev(map.upper_bound(reinterpret_cast<std::uintptr_t>(message.data()) / page_bytes))->second;
    }
    const Ticks end = ticks_now();
    cache_ns[round] = ns_each(middle - start);
    map_ns[round] = ns_each(end - middle);
    ratios[round] = cache_ns[round] / map_ns[round];
  }
  if (cache->counters().hits != rounds * lookups) {
    std::fputs("not every look-up was a hit\n", stderr);
    return 1;
  }
  const auto [least, greatest] = std::ranges::minmax(ratios);
  std::printf("cache, find + take + drop  %6.1f ns\nstd::map::upper_bound      %6.1f ns\n", median(cache_ns),
              median(map_ns));
  std::printf("ratio                      %6.3f  (rounds from %.3f to %.3f; checksum %llx)\n", median(ratios), least,
              greatest, static_cast<unsigned long long>(sum));
  return 0;
}

}  // namespace

}  // namespace xover

int main() { return xover::run(); }
