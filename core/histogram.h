// Latency histogram: counts in buckets whose width grows with the value, so that any recorded value is known to 0.1 %
// from 1 ns to 1 hour, in a fixed amount of memory: 260 KiB, and none as long as nothing was recorded. After clear(),
// record() is data plane: no allocation, a few instructions.
// Histograms of several threads, agents or rounds merge exactly; percentiles are taken from the merged one, never
// averaged. The bucket layout follows the published idea of HdrHistogram (Tene).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace xover {

class Histogram {
 public:
  static constexpr int sub_bucket_bits = 10;  // 1024 linear steps for each power of two: error below 0.1 %
  static constexpr std::uint64_t max_value_ns = 3'600'000'000'000;

  void record(std::uint64_t value_ns);  // values above the maximum count as the maximum
  void merge(const Histogram& other);
  void clear();  // and takes the memory that record() needs

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t max_ns() const noexcept { return max_ns_; }  // exact
  std::uint64_t min_ns() const noexcept;                     // exact; 0 when empty
  double mean_ns() const noexcept;                           // exact; 0 when empty
  // The smallest recorded value (to 0.1 %) that at least `percent` of all are not above; 0 when empty.
  std::uint64_t percentile_ns(double percent) const noexcept;

  // Non-empty buckets as (index, count), for the wire, in order of their indexes. from_sparse refuses what cannot be:
  // returns false and leaves this histogram as it was.
  struct Sparse {
    std::vector<std::pair<std::uint32_t, std::uint64_t>> buckets;
    std::uint64_t min_ns = 0, max_ns = 0;
    double sum_ns = 0;
  };
  Sparse to_sparse() const;
  bool from_sparse(const Sparse& sparse);

 private:
  // Values below 2048 have a bucket each; above, each power of two has 1024 buckets, twice as wide as those before.
  static constexpr std::size_t bucket_of(std::uint64_t value_ns) noexcept {
    const int shift = std::max(static_cast<int>(std::bit_width(value_ns)) - (sub_bucket_bits + 1), 0);
    return (static_cast<std::size_t>(shift) << sub_bucket_bits) + (value_ns >> shift);
  }
  static std::uint64_t middle_of(std::size_t bucket) noexcept;
  static constexpr std::size_t bucket_count() noexcept { return bucket_of(max_value_ns) + 1; }
  void take_memory() { counts_.resize(bucket_count()); }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0, max_ns_ = 0, min_ns_ = UINT64_MAX;
  double sum_ns_ = 0;
};

inline void Histogram::record(std::uint64_t value_ns) {
  if (counts_.empty()) [[unlikely]]
    take_memory();
  value_ns = std::min(value_ns, max_value_ns);
  ++counts_[bucket_of(value_ns)];
  ++count_;
  sum_ns_ += static_cast<double>(value_ns);
  max_ns_ = std::max(max_ns_, value_ns);
  min_ns_ = std::min(min_ns_, value_ns);
}

}  // namespace xover
