// Which files a point's workload `file` is about, and in which order a client asks for them. Both ends work it out from
// the point, so that a client knows what must arrive.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/experiment/point.h"

namespace xover {

inline constexpr std::size_t most_files = 16384;  // each is held open

// The sizes of the files of a set, never empty: as many as fill the pool and no more, one at the least.
//   fixed  all have the point's size
//   web    the point's size is the median, about; the others lie round it as the sizes of files on web servers do
// The same for every seed and connection.
std::vector<std::uint64_t> file_sizes(const Point& point);

// How many files that would be, without making the list; for the check before.
std::uint64_t file_count(const Point& point);

// What the payload of a file is made from; no two files have the same.
constexpr std::uint64_t file_seed(std::uint32_t file) { return 0xf11e'0000'0000'0000 + file; }

// The sequence of requests of one connection: every file once, in an order of the seed's, and then again.
class RequestSequence {
 public:
  RequestSequence() = default;
  RequestSequence(std::size_t files, std::uint64_t seed);
  std::uint32_t file(std::uint64_t request) const { return order_[request % order_.size()]; }

 private:
  std::vector<std::uint32_t> order_;
};

}  // namespace xover
