// The order of the regions: against std::map, through blocks that fill, split, empty and merge.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "transports/common/registration/region_index.h"

namespace xover {
namespace {

struct Checked {
  RegionIndex index;
  std::map<std::uint64_t, std::uint32_t> map;

  explicit Checked(std::size_t max_regions) : index(max_regions) {}

  void insert(std::uint64_t page, std::uint32_t region) {
    index.insert(page, region);
    map.emplace(page, region);
  }
  void erase(std::uint64_t page) {
    index.erase(page);
    map.erase(page);
  }
  void check(std::uint64_t page) const {
    const auto above = map.upper_bound(page);
    EXPECT_EQ(index.last_at_or_before(page), above == map.begin() ? RegionIndex::none : std::prev(above)->second);
    const auto from = map.lower_bound(page);
    EXPECT_EQ(index.first_at_or_after(page), from == map.end() ? RegionIndex::none : from->second);
    EXPECT_EQ(index.size(), map.size());
  }
};

TEST(RegistrationIndexTest, AnEmptyIndexFindsNothing) {
  const Checked t(4);
  for (const std::uint64_t page : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX - 1}) t.check(page);
}

TEST(RegistrationIndexTest, BothSearchesMeetTheirPage) {
  Checked t(4);
  t.insert(10, 1);
  t.insert(20, 2);
  t.insert(0, 0);
  for (std::uint64_t page = 0; page < 25; ++page) t.check(page);
}

TEST(RegistrationIndexTest, FillingInEitherDirectionUsesAllOfTheRoom) {
  constexpr std::uint32_t count = 1000;
  Checked up(count), down(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    up.insert(3 * i, i);
    down.insert(3 * (count - 1 - i), i);
  }
  for (std::uint64_t page = 0; page < 3 * count + 3; ++page) {
    up.check(page);
    down.check(page);
  }
}

TEST(RegistrationIndexTest, AFirstBlockThatEmptiesLeavesTheOthersToBeFound) {
  Checked t(200);
  for (std::uint32_t i = 0; i < 100; ++i) t.insert(i, i);
  for (std::uint32_t i = 0; i < 99; ++i) {
    t.erase(i);
    t.check(0);
    t.check(99);
  }
}

TEST(RegistrationIndexTest, RandomInsertsAndErasesAgreeWithAMap) {
  constexpr std::size_t most = 700;
  Checked t(most);
  std::mt19937_64 random(1);
  std::uint64_t full = 0;
  for (int step = 0; step < 200'000; ++step) {
    const std::uint64_t page = random() % 4000;
    const bool grow = (step / 5000) % 2 == 0;  // long phases, so that it fills and empties
    if (t.map.contains(page)) {
      if (!grow || random() % 4 == 0) t.erase(page);
    } else if (t.map.size() < most && (grow || random() % 4 == 0)) {
      t.insert(page, static_cast<std::uint32_t>(random() % 1000));
    }
    full += t.map.size() == most ? 1 : 0;
    t.check(random() % 4001);
    ASSERT_FALSE(HasFailure()) << "step " << step;
  }
  EXPECT_GT(full, 0u);
}

}  // namespace
}  // namespace xover
