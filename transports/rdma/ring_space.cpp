// Positions are counted on for ever; where they lie in the ring is their remainder.
#include "transports/rdma/ring_space.h"

#include <bit>
#include <cassert>

namespace xover {

RingSpace::RingSpace(std::size_t size_bytes, std::size_t max_messages)
    : size_bytes_(size_bytes), max_messages_(max_messages), messages_(std::bit_ceil(max_messages)) {
  assert(size_bytes % granule_bytes == 0 && size_bytes != 0);
}

std::uint64_t RingSpace::start_of(std::size_t size_bytes) const noexcept {
  const std::size_t to_end = size_bytes_ - end_ % size_bytes_;
  return size_bytes <= to_end ? end_ : end_ + to_end;
}

std::optional<std::size_t> RingSpace::place(std::size_t size_bytes) const noexcept {
  if (next_ - oldest_ == max_messages_ || size_bytes > size_bytes_) return std::nullopt;
  const std::uint64_t start = start_of(size_bytes);
  if (start + size_bytes - begin_ > size_bytes_) return std::nullopt;
  return start % size_bytes_;
}

std::uint64_t RingSpace::take(std::size_t size_bytes) noexcept {
  assert(place(size_bytes));
  end_ = start_of(size_bytes) + (size_bytes + granule_bytes - 1) / granule_bytes * granule_bytes;
  message(next_) = {end_, true};
  return next_++;
}

void RingSpace::give_back(std::uint64_t number) noexcept {
  assert(number >= oldest_ && number < next_ && message(number).out);
  message(number).out = false;
  for (; oldest_ != next_ && !message(oldest_).out; ++oldest_) begin_ = message(oldest_).end;
}

}  // namespace xover
