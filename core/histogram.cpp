// The histogram apart from record(): merging, percentiles, and the form in which it travels.
#include "core/histogram.h"

#include <cmath>
#include <limits>

namespace xover {

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  if (counts_.empty()) take_memory();
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
  min_ns_ = std::min(min_ns_, other.min_ns_);
}

void Histogram::clear() {
  counts_.assign(bucket_count(), 0);
  count_ = 0;
  sum_ns_ = 0;
  max_ns_ = 0;
  min_ns_ = UINT64_MAX;
}

std::uint64_t Histogram::min_ns() const noexcept { return count_ == 0 ? 0 : min_ns_; }

double Histogram::mean_ns() const noexcept { return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_); }

std::uint64_t Histogram::percentile_ns(double percent) const noexcept {
  // The product may come out a few units in the last place too large, which must not push the rank to the next value.
  constexpr double rounding = 4 * std::numeric_limits<double>::epsilon();
  const double rank = std::ceil(percent * static_cast<double>(count_) / 100 * (1 - rounding));
  if (!(rank > 1)) return min_ns();
  if (rank >= static_cast<double>(count_)) return max_ns_;

  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (static_cast<double>(seen) >= rank) return std::clamp(middle_of(i), min_ns_, max_ns_);
  }
  return max_ns_;
}

Histogram::Sparse Histogram::to_sparse() const {
  Sparse sparse;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] != 0) sparse.buckets.emplace_back(static_cast<std::uint32_t>(i), counts_[i]);
  }
  sparse.min_ns = min_ns();
  sparse.max_ns = max_ns_;
  sparse.sum_ns = sum_ns_;
  return sparse;
}

bool Histogram::from_sparse(const Sparse& sparse) {
  Histogram read;
  if (!sparse.buckets.empty()) read.take_memory();
  std::size_t next_bucket = 0;
  for (const auto& [bucket, count] : sparse.buckets) {
    if (bucket < next_bucket || bucket >= read.counts_.size()) return false;
    if (count == 0 || count > UINT64_MAX - read.count_) return false;
    read.counts_[bucket] = count;
    read.count_ += count;
    next_bucket = std::size_t{bucket} + 1;
  }
  if (read.count_ == 0) {
    if (sparse.min_ns != 0 || sparse.max_ns != 0 || sparse.sum_ns != 0) return false;
  } else {
    if (sparse.min_ns > sparse.max_ns || sparse.max_ns > max_value_ns) return false;
    if (bucket_of(sparse.min_ns) != sparse.buckets.front().first) return false;
    if (bucket_of(sparse.max_ns) != sparse.buckets.back().first) return false;
    // Sums of very many values are rounded, hence the slack. Written so that NaN is refused.
    const double mean_ns = sparse.sum_ns / static_cast<double>(read.count_);
    const bool mean_possible = mean_ns >= static_cast<double>(sparse.min_ns) * (1 - 1e-6) &&
                               mean_ns <= static_cast<double>(sparse.max_ns) * (1 + 1e-6);
    if (!mean_possible) return false;
    read.min_ns_ = sparse.min_ns;
    read.max_ns_ = sparse.max_ns;
    read.sum_ns_ = sparse.sum_ns;
  }
  *this = std::move(read);
  return true;
}

// The middle halves the error that an edge would have.
std::uint64_t Histogram::middle_of(std::size_t bucket) noexcept {
  if (bucket < (std::size_t{2} << sub_bucket_bits)) return bucket;
  const std::size_t shift = (bucket >> sub_bucket_bits) - 1;
  const std::uint64_t lowest = std::uint64_t{bucket - (shift << sub_bucket_bits)} << shift;
  return lowest + ((std::uint64_t{1} << shift) - 1) / 2;
}

}  // namespace xover
