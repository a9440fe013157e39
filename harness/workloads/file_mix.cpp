// The distribution of file sizes, and the shuffle.
#include "harness/workloads/file_mix.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace xover {

namespace {

// Sizes of files on web servers as multiples of their median, by the share of files that are smaller: a lognormal body
// (mu 9.357, sigma 1.318) below a Pareto tail (k 133 KB, alpha 1.1) that has 7 % of the files. The shape and its
// parameters are from Barford and Crovella, Generating Representative Web Workloads for Network and Server Performance
// Evaluation, SIGMETRICS 1998. The tail is cut at one file in a thousand.
struct Quantile {
  double share, multiple;
};
constexpr std::array web_sizes{
    Quantile{0, 0.01},      Quantile{0.01, 0.0444}, Quantile{0.02, 0.0638}, Quantile{0.05, 0.1097},
    Quantile{0.1, 0.1779},  Quantile{0.2, 0.3202},  Quantile{0.3, 0.4904},  Quantile{0.4, 0.7075},
    Quantile{0.5, 1},       Quantile{0.6, 1.4201},  Quantile{0.7, 2.0846},  Quantile{0.8, 3.3338},
    Quantile{0.85, 4.539},  Quantile{0.9, 7.0053},  Quantile{0.93, 10.736}, Quantile{0.95, 14.577},
    Quantile{0.97, 23.19},  Quantile{0.98, 33.53},  Quantile{0.99, 62.97},  Quantile{0.995, 118.24},
    Quantile{0.999, 510.7}, Quantile{1, 510.7},
};

double web_multiple(double share) {
  const auto above = std::find_if(web_sizes.begin() + 1, web_sizes.end() - 1,
                                  [share](const Quantile& quantile) { return share <= quantile.share; });
  const Quantile &low = *(above - 1), &high = *above;
  return low.multiple + (high.multiple - low.multiple) * (share - low.share) / (high.share - low.share);
}

// File i of n is the one in the middle of the i-th n-th of all files.
std::uint64_t web_size(std::uint64_t median_bytes, std::uint64_t file, std::uint64_t files) {
  const double share = (static_cast<double>(file) + 0.5) / static_cast<double>(files);
  return std::max<std::uint64_t>(1,
                                 static_cast<std::uint64_t>(static_cast<double>(median_bytes) * web_multiple(share)));
}

std::uint64_t web_total(std::uint64_t median_bytes, std::uint64_t files) {
  std::uint64_t total_bytes = 0;
  for (std::uint64_t file = 0; file < files; ++file) total_bytes += web_size(median_bytes, file, files);
  return total_bytes;
}

// A set of n files has more bytes than one of n - 1, but for the rounding of a file's place; the search does not mind.
std::uint64_t web_count(const Point& point) {
  std::uint64_t fits = 1, too_many = most_files + 2;
  while (fits + 1 < too_many) {
    const std::uint64_t middle = (fits + too_many) / 2;
    (web_total(point.size_bytes, middle) <= point.pool_bytes ? fits : too_many) = middle;
  }
  return fits;
}

// The generator of Steele, Lea and Flood (SplitMix64): the same on every machine, unlike std::shuffle.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t mixed = state += 0x9e37'79b9'7f4a'7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

std::uint64_t file_count(const Point& point) {
  if (point.mix == Mix::web) return web_count(point);
  return std::max<std::uint64_t>(1, point.pool_bytes / point.size_bytes);
}

std::vector<std::uint64_t> file_sizes(const Point& point) {
  const std::uint64_t files = file_count(point);
  std::vector<std::uint64_t> sizes(files, point.size_bytes);
  if (point.mix == Mix::web)
    for (std::uint64_t file = 0; file < files; ++file) sizes[file] = web_size(point.size_bytes, file, files);
  return sizes;
}

RequestSequence::RequestSequence(std::size_t files, std::uint64_t seed) : order_(files) {
  std::iota(order_.begin(), order_.end(), 0u);
  for (std::size_t left = files; left > 1; --left) std::swap(order_[left - 1], order_[next_random(seed) % left]);
}

}  // namespace xover
