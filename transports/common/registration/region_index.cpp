// Inserting, erasing and keeping the blocks filled.
#include "transports/common/registration/region_index.h"

#include <algorithm>
#include <cassert>

namespace xover {

namespace {

// Two neighbours hold more than half a capacity, so n keys make at most 2 * n / (half + 1) + 1 blocks.
std::size_t blocks_for(std::size_t regions, std::size_t capacity) { return 2 * (regions / (capacity / 2 + 1)) + 2; }

}  // namespace

RegionIndex::RegionIndex(std::size_t max_regions) : blocks_(blocks_for(max_regions, capacity)) {
  order_.reserve(blocks_.size());
  lowest_.reserve(blocks_.size());
  free_blocks_.reserve(blocks_.size());
  for (std::size_t block = blocks_.size(); block-- > 1;) free_blocks_.push_back(static_cast<std::uint32_t>(block));
  order_.push_back(0);
  lowest_.push_back(0);
}

std::uint32_t RegionIndex::first_at_or_after(std::uint64_t page) const noexcept {
  const std::size_t block = block_of(page);
  const Block& in = blocks_[order_[block]];
  if (in.count == 0) return none;
  std::size_t position = position_of(in, page);
  if (in.first_pages[position] < page) ++position;
  if (position < in.count) return in.regions[position];
  return block + 1 < order_.size() ? blocks_[order_[block + 1]].regions[0] : none;
}

void RegionIndex::insert(std::uint64_t first_page, std::uint32_t region) noexcept {
  std::size_t block = block_of(first_page);
  if (blocks_[order_[block]].count == capacity) {
    split(block);
    block = block_of(first_page);
  }
  Block& in = blocks_[order_[block]];
  std::size_t position = 0;
  if (in.count > 0) position = position_of(in, first_page) + (in.first_pages[0] < first_page ? 1 : 0);
  assert(position == in.count || in.first_pages[position] != first_page);
  std::copy_backward(&in.first_pages[position], &in.first_pages[in.count], &in.first_pages[in.count] + 1);
  std::copy_backward(&in.regions[position], &in.regions[in.count], &in.regions[in.count] + 1);
  in.first_pages[position] = first_page;
  in.regions[position] = region;
  ++in.count;
  lowest_[block] = in.first_pages[0];
  ++size_;
}

void RegionIndex::erase(std::uint64_t first_page) noexcept {
  const std::size_t block = block_of(first_page);
  Block& in = blocks_[order_[block]];
  const std::size_t position = position_of(in, first_page);
  assert(in.first_pages[position] == first_page);
  std::copy(in.first_pages.begin() + position + 1, in.first_pages.begin() + in.count,
            in.first_pages.begin() + position);
  std::copy(in.regions.begin() + position + 1, in.regions.begin() + in.count, in.regions.begin() + position);
  --in.count;
  in.first_pages[in.count] = beyond;
  in.regions[in.count] = none;
  lowest_[block] = in.first_pages[0];
  --size_;
  merge_with_next(block);
  if (block > 0) merge_with_next(block - 1);
}

void RegionIndex::split(std::size_t block) noexcept {
  assert(!free_blocks_.empty());
  const std::uint32_t added = free_blocks_.back();
  free_blocks_.pop_back();
  move_tail(blocks_[order_[block]], capacity / 2, blocks_[added]);
  order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(block) + 1, added);
  lowest_.insert(lowest_.begin() + static_cast<std::ptrdiff_t>(block) + 1, blocks_[added].first_pages[0]);
}

void RegionIndex::merge_with_next(std::size_t block) noexcept {
  if (block + 1 >= order_.size()) return;
  Block& in = blocks_[order_[block]];
  Block& next = blocks_[order_[block + 1]];
  if (in.count > 0 && next.count > 0 && in.count + next.count > capacity / 2) return;
  move_tail(next, 0, in);
  lowest_[block] = in.first_pages[0];
  free_blocks_.push_back(order_[block + 1]);
  order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(block) + 1);
  lowest_.erase(lowest_.begin() + static_cast<std::ptrdiff_t>(block) + 1);
}

// Appends what `from` holds from `position` on to `to`.
void RegionIndex::move_tail(Block& from, std::size_t position, Block& to) noexcept {
  for (std::size_t i = position; i < from.count; ++i) {
    to.first_pages[to.count] = from.first_pages[i];
    to.regions[to.count++] = from.regions[i];
    from.first_pages[i] = beyond;
    from.regions[i] = none;
  }
  from.count = static_cast<std::uint32_t>(position);
}

}  // namespace xover
