// The histogram against sorted lists of the same values.
#include "core/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace xover {
namespace {

// What the histogram shows for this value when others, smaller and larger, are there too: neither the exact minimum nor
// the exact maximum may help.
std::uint64_t shown_value(Histogram& histogram, std::uint64_t value_ns) {
  histogram.clear();
  histogram.record(0);
  histogram.record(value_ns);
  histogram.record(Histogram::max_value_ns);
  return histogram.percentile_ns(50);
}

double relative_error(std::uint64_t shown, std::uint64_t value) {
  return std::abs(static_cast<double>(shown) - static_cast<double>(value)) / static_cast<double>(value);
}

// The value at the rank that "at least percent of all are not above" asks for, with percent in whole thousandths.
std::uint64_t exact_percentile(const std::vector<std::uint64_t>& sorted, std::uint64_t percent_thousandths) {
  const std::uint64_t rank = (sorted.size() * percent_thousandths + 99'999) / 100'000;
  return sorted[std::max<std::uint64_t>(rank, 1) - 1];
}

std::vector<std::uint64_t> log_uniform_values(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> exponent(0, std::log(3.6e12));
  std::vector<std::uint64_t> values(count);
  for (std::uint64_t& value : values) value = static_cast<std::uint64_t>(std::exp(exponent(random)));
  return values;
}

Histogram histogram_of(const std::vector<std::uint64_t>& values) {
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  return histogram;
}

void expect_same(const Histogram& a, const Histogram& b) {
  const Histogram::Sparse left = a.to_sparse(), right = b.to_sparse();
  EXPECT_EQ(left.buckets, right.buckets);
  EXPECT_EQ(left.min_ns, right.min_ns);
  EXPECT_EQ(left.max_ns, right.max_ns);
  EXPECT_EQ(left.sum_ns, right.sum_ns);
  EXPECT_EQ(a.count(), b.count());
}

TEST(Histogram, IsExactBelow2048Ns) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 2048; ++value) ASSERT_EQ(shown_value(histogram, value), value);
}

// Within a power of two the buckets are equally wide, so the error is largest at the borders of the first ones.
TEST(Histogram, IsWithinATenthOfAPercentAtEveryBucketBorder) {
  Histogram histogram;
  for (int shift = 1; (std::uint64_t{1024} << shift) <= Histogram::max_value_ns; ++shift) {
    for (const std::uint64_t step : {1024, 1025, 1026, 1535, 1536, 2046, 2047}) {
      const std::uint64_t lowest = step << shift;
      const std::uint64_t highest = lowest + (std::uint64_t{1} << shift) - 1;
      for (const std::uint64_t value : {lowest - 1, lowest, (lowest + highest) / 2, highest, highest + 1}) {
        if (value > Histogram::max_value_ns) continue;
        ASSERT_LE(relative_error(shown_value(histogram, value), value), 0.001) << value;
      }
    }
  }
}

TEST(Histogram, IsWithinATenthOfAPercentForValuesUpToAnHour) {
  Histogram histogram;
  for (const std::uint64_t value : log_uniform_values(5'000, 1)) {
    ASSERT_LE(relative_error(shown_value(histogram, value), value), 0.001) << value;
  }
  ASSERT_LE(relative_error(shown_value(histogram, Histogram::max_value_ns - 1), Histogram::max_value_ns - 1), 0.001);
}

TEST(Histogram, ValuesAboveTheMaximumCountAsTheMaximum) {
  Histogram histogram;
  histogram.record(Histogram::max_value_ns + 1);
  histogram.record(UINT64_MAX);
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.max_ns(), Histogram::max_value_ns);
  EXPECT_EQ(histogram.min_ns(), Histogram::max_value_ns);
  EXPECT_EQ(histogram.mean_ns(), static_cast<double>(Histogram::max_value_ns));
}

TEST(Histogram, EmptyOneShowsZeros) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min_ns(), 0U);
  EXPECT_EQ(histogram.max_ns(), 0U);
  EXPECT_EQ(histogram.mean_ns(), 0);
  for (const double percent : {0.0, 50.0, 100.0}) EXPECT_EQ(histogram.percentile_ns(percent), 0U);
}

TEST(Histogram, ExtremesAndMeanAreExact) {
  const Histogram histogram = histogram_of({1'000'003, 7'777'777, 123'456'789});
  EXPECT_EQ(histogram.min_ns(), 1'000'003U);
  EXPECT_EQ(histogram.max_ns(), 123'456'789U);
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), (1'000'003.0 + 7'777'777 + 123'456'789) / 3);
  EXPECT_EQ(histogram.percentile_ns(0), 1'000'003U);
  EXPECT_EQ(histogram.percentile_ns(100), 123'456'789U);
}

TEST(Histogram, OutOfRangePercentsAreTheExtremes) {
  const Histogram histogram = histogram_of({5, 6, 7});
  EXPECT_EQ(histogram.percentile_ns(-1), 5U);
  EXPECT_EQ(histogram.percentile_ns(std::numeric_limits<double>::quiet_NaN()), 5U);
  EXPECT_EQ(histogram.percentile_ns(1000), 7U);
}

// 1, 2, ..., n are exact in the histogram: every difference would be a wrong rank.
TEST(Histogram, PercentileRanksAreExactForEveryCount) {
  Histogram histogram;
  std::vector<std::uint64_t> sorted;
  for (std::uint64_t n = 1; n <= 1'200; ++n) {
    histogram.record(n);
    sorted.push_back(n);
    for (const std::uint64_t thousandths : {1'000, 7'000, 10'000, 50'000, 70'000, 90'000, 99'000, 99'900, 99'990}) {
      const double percent = static_cast<double>(thousandths) / 1000;
      ASSERT_EQ(histogram.percentile_ns(percent), exact_percentile(sorted, thousandths)) << percent << " % of " << n;
    }
  }
}

// 99.9 * 41000 / 100 is 40959, but comes out of the floating-point unit a little larger.
TEST(Histogram, PercentileRankIsNotPushedUpByRounding) {
  Histogram histogram;
  for (int i = 0; i < 40'959; ++i) histogram.record(1);
  for (int i = 40'959; i < 41'000; ++i) histogram.record(2);
  EXPECT_EQ(histogram.percentile_ns(99.9), 1U);
  EXPECT_EQ(histogram.percentile_ns(99.91), 2U);
}

TEST(Histogram, PercentilesOfManyValuesAreWithinATenthOfAPercent) {
  std::vector<std::uint64_t> values = log_uniform_values(100'000, 2);
  const Histogram histogram = histogram_of(values);
  std::sort(values.begin(), values.end());
  for (const std::uint64_t thousandths : {1'000, 25'000, 50'000, 90'000, 99'000, 99'900, 99'990}) {
    const std::uint64_t exact = exact_percentile(values, thousandths);
    const std::uint64_t shown = histogram.percentile_ns(static_cast<double>(thousandths) / 1000);
    EXPECT_LE(relative_error(shown, exact), 0.001) << thousandths;
  }
}

TEST(Histogram, MergeEqualsRecordingEverythingInOne) {
  const std::vector<std::uint64_t> left = log_uniform_values(1'000, 3), right = log_uniform_values(500, 4);
  std::vector<std::uint64_t> both = left;
  both.insert(both.end(), right.begin(), right.end());
  Histogram merged = histogram_of(left);
  merged.merge(histogram_of(right));
  expect_same(merged, histogram_of(both));
}

TEST(Histogram, MergingAnEmptyOneChangesNothing) {
  const std::vector<std::uint64_t> values = {3, 5'000, 70'000'000};
  Histogram merged = histogram_of(values);
  merged.merge(Histogram());
  expect_same(merged, histogram_of(values));
  Histogram empty;
  empty.merge(merged);
  expect_same(empty, merged);
}

TEST(Histogram, ClearForgetsEverything) {
  Histogram histogram = histogram_of({1, 2, 3'000'000});
  histogram.clear();
  expect_same(histogram, Histogram());
  histogram.record(9);
  EXPECT_EQ(histogram.min_ns(), 9U);
  EXPECT_EQ(histogram.max_ns(), 9U);
}

TEST(Histogram, SparseFormBringsBackTheSame) {
  for (const std::size_t count : {0, 1, 2, 10'000}) {
    const Histogram histogram = histogram_of(log_uniform_values(count, 5));
    Histogram read = histogram_of({1, 2, 3});
    ASSERT_TRUE(read.from_sparse(histogram.to_sparse()));
    expect_same(read, histogram);
  }
}

TEST(Histogram, RefusesSparseFormsThatCannotBe) {
  const Histogram::Sparse good = histogram_of({10, 20, 20, 30}).to_sparse();
  ASSERT_TRUE(Histogram().from_sparse(good));
  std::vector<Histogram::Sparse> wrong;
  const auto add = [&](auto change) { change(wrong.emplace_back(good)); };
  add([](auto& s) { s.buckets.back().first = UINT32_MAX; });      // no such bucket
  add([](auto& s) { std::swap(s.buckets[0], s.buckets[1]); });    // out of order
  add([](auto& s) { s.buckets[1].first = s.buckets[0].first; });  // twice the same
  add([](auto& s) { s.buckets[1].second = 0; });                  // empty bucket
  add([](auto& s) { s.buckets[1].second = UINT64_MAX; });         // more than can be counted
  add([](auto& s) { s.min_ns = 11; });                            // not in the first bucket
  add([](auto& s) { s.max_ns = 31; });                            // not in the last bucket
  add([](auto& s) { s.max_ns = UINT64_MAX; });                    // above the maximum
  add([](auto& s) { s.sum_ns = 4 * 9; });                         // mean below the minimum
  add([](auto& s) { s.sum_ns = 4 * 31; });                        // mean above the maximum
  add([](auto& s) { s.sum_ns = std::numeric_limits<double>::quiet_NaN(); });
  add([](auto& s) { s.buckets.clear(); });  // empty, yet with extremes
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    Histogram histogram = histogram_of({1, 2, 3});
    EXPECT_FALSE(histogram.from_sparse(wrong[i])) << "case " << i;
    expect_same(histogram, histogram_of({1, 2, 3}));
  }
}

TEST(Histogram, RefusesMinimumAboveMaximumWithinOneBucket) {
  Histogram histogram;
  histogram.record(1 << 30);
  Histogram::Sparse sparse = histogram.to_sparse();
  sparse.min_ns += 2;
  sparse.max_ns += 1;
  EXPECT_FALSE(Histogram().from_sparse(sparse));
}

}  // namespace
}  // namespace xover
