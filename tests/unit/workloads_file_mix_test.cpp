// Which files there are, and in which order they are asked for.
#include "harness/workloads/file_mix.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace xover {
namespace {

std::uint64_t sum_of(const std::vector<std::uint64_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
}

Point point_with(Mix mix, std::uint64_t size_bytes, std::uint64_t pool_bytes) {
  Point point;
  point.workload = Workload::file;
  point.mix = mix;
  point.size_bytes = size_bytes;
  point.pool_bytes = pool_bytes;
  return point;
}

TEST(FileMix, FixedFilesFillThePool) {
  const auto sizes = file_sizes(point_with(Mix::fixed, 10'000, 1 << 20));
  EXPECT_EQ(sizes, std::vector<std::uint64_t>((1 << 20) / 10'000, 10'000));
}

TEST(FileMix, OneFileIsThereHoweverSmallThePool) {
  for (const Mix mix : {Mix::fixed, Mix::web})
    EXPECT_EQ(file_sizes(point_with(mix, 1 << 20, 4096)), std::vector<std::uint64_t>{1 << 20});
}

TEST(FileMix, WebFilesFitThePoolAndOneMoreWouldNot) {
  for (const std::uint64_t pool_bytes : {1u << 20, 4u << 20, 33u << 20, 200u << 20}) {
    const Point point = point_with(Mix::web, 16 << 10, pool_bytes);
    const auto sizes = file_sizes(point);
    EXPECT_EQ(sizes.size(), file_count(point));
    EXPECT_LE(sum_of(sizes), pool_bytes);
    EXPECT_GT(sum_of(sizes), pool_bytes - pool_bytes / 4);
    EXPECT_GE(*std::ranges::min_element(sizes), 1u);
  }
}

TEST(FileMix, WebSizesHaveThatMedianAndAHeavyTail) {
  auto sizes = file_sizes(point_with(Mix::web, 16 << 10, 256 << 20));
  ASSERT_GT(sizes.size(), 1000u);
  std::ranges::sort(sizes);
  EXPECT_NEAR(static_cast<double>(sizes[sizes.size() / 2]), 16 << 10, 200);
  EXPECT_GT(sizes.back(), 300u * (16 << 10));
  const std::uint64_t upper_half =
      std::accumulate(sizes.end() - static_cast<std::ptrdiff_t>(sizes.size() / 10), sizes.end(), std::uint64_t{0});
  EXPECT_GT(upper_half, sum_of(sizes) / 2) << "a tenth of the files has most of the bytes";
}

TEST(FileMix, SmallFilesAreNeverEmpty) {
  for (const std::uint64_t size : file_sizes(point_with(Mix::web, 1, 64 << 10))) EXPECT_GE(size, 1u);
}

TEST(FileMix, TooManyFilesAreCountedAsSuch) {
  EXPECT_GT(file_count(point_with(Mix::fixed, 1, 1 << 30)), most_files);
  EXPECT_GT(file_count(point_with(Mix::web, 64, 1 << 30)), most_files);
}

TEST(FileMix, ASequenceAsksForEveryFileAndThenAgain) {
  constexpr std::size_t files = 100;
  const RequestSequence one(files, 1), same(files, 1), other(files, 2);
  std::set<std::uint32_t> asked;
  std::size_t in_the_same_place = 0;
  for (std::uint64_t request = 0; request < files; ++request) {
    asked.insert(one.file(request));
    EXPECT_EQ(one.file(request), same.file(request));
    EXPECT_EQ(one.file(request), one.file(request + files));
    in_the_same_place += one.file(request) == other.file(request) ? 1 : 0;
  }
  EXPECT_EQ(asked.size(), files);
  EXPECT_LT(in_the_same_place, files / 4);
}

}  // namespace
}  // namespace xover
