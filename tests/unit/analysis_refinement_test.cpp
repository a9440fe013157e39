// The size to measure next is between the two around the crossover, or none.
#include "harness/analysis/refinement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace xover {
namespace {

// Ten rounds that hardly differ, or by a factor of two to either side.
SizedRatios sized(std::uint64_t size_bytes, double ratio, double spread = 1.001) {
  SizedRatios of{size_bytes, {}, {}};
  for (std::uint32_t round = 0; round < 10; ++round)
    of.ratios.push_back({0, round % 2 == 0 ? ratio * spread : ratio / spread});
  return of;
}

TEST(Refinement, HalvesTheIntervalOnTheScaleOfLogarithms) {
  const std::vector<SizedRatios> sizes{sized(1024, 0.5), sized(4096, 0.9), sized(65536, 1.2), sized(262144, 1.3)};
  EXPECT_EQ(next_size(sizes), 16384U);
}

TEST(Refinement, TakesMultiplesOfACacheLineWhereThereIsRoom) {
  EXPECT_EQ(next_size(std::vector{sized(4096, 0.9), sized(8192, 1.2)}), 5824U);
  EXPECT_EQ(next_size(std::vector{sized(10, 0.9), sized(20, 1.2)}), 14U);
}

TEST(Refinement, FindsTheLastCrossing) {
  const std::vector<SizedRatios> sizes{sized(1024, 0.5), sized(4096, 1.2), sized(16384, 0.8), sized(65536, 1.3)};
  EXPECT_EQ(next_size(sizes), 32768U);
}

TEST(Refinement, EndsAtTheTruth) {
  constexpr double truth = 23456;
  const auto ratio = [](std::uint64_t size_bytes) { return std::pow(static_cast<double>(size_bytes) / truth, 0.2); };
  std::vector<SizedRatios> sizes;
  for (const std::uint64_t size_bytes : {1024U, 65536U, 1048576U})
    sizes.push_back(sized(size_bytes, ratio(size_bytes)));
  int steps = 0;
  while (const auto next = next_size(sizes)) {
    ASSERT_LT(++steps, 10);
    const auto at = std::find_if(sizes.begin(), sizes.end(), [&](const auto& size) { return size.size_bytes > *next; });
    ASSERT_NE(at, sizes.begin());
    ASSERT_NE((at - 1)->size_bytes, *next) << "the same size again";
    sizes.insert(at, sized(*next, ratio(*next)));
  }
  EXPECT_EQ(steps, 6);  // 2^6 octaves down to an eighth of one
  const auto above = std::find_if(sizes.begin(), sizes.end(), [](const auto& size) { return size.size_bytes > truth; });
  EXPECT_LE(std::log2(static_cast<double>(above->size_bytes) / static_cast<double>((above - 1)->size_bytes)),
            closest_octaves);
}

TEST(Refinement, HasNoneWhereNothingCrosses) {
  EXPECT_FALSE(next_size({}));
  EXPECT_FALSE(next_size(std::vector{sized(1024, 1.1), sized(4096, 1.2)}));
  EXPECT_FALSE(next_size(std::vector{sized(1024, 1.1), sized(4096, 0.9)}));
}

TEST(Refinement, LeavesTwoSizesThatNoiseCoversToFurtherRounds) {
  EXPECT_FALSE(next_size(std::vector{sized(4096, 0.95, 2), sized(65536, 1.05, 2)}));
  EXPECT_TRUE(next_size(std::vector{sized(4096, 0.95, 2), sized(65536, 1.05)}));
}

TEST(Refinement, HasNoneBetweenSizesThatAreClose) {
  EXPECT_FALSE(next_size(std::vector{sized(4096, 0.9), sized(4400, 1.2)}));
  EXPECT_FALSE(next_size(std::vector{sized(3, 0.9), sized(4, 1.2)}));
}

TEST(Refinement, TakesOneRoundOfAModel) {
  EXPECT_EQ(next_size(std::vector<SizedRatios>{{4096, {{0, 0.9}}, {}}, {65536, {{0, 1.1}}, {}}}), 16384U);
}

}  // namespace
}  // namespace xover
