// The order of the regions by their first page: two levels of sorted arrays, searched without branches that depend on
// the keys. All memory is taken when it is made.
//
// What always holds: keys are unique and in ascending order, within a block and from block to block; no block is empty,
// unless it is the only one; two neighbouring blocks hold more than half a block's capacity together, which bounds the
// number of blocks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xover {

class RegionIndex {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  explicit RegionIndex(std::size_t max_regions);

  // The region with the greatest first page that is not above `page`; none: there is no such region.
  std::uint32_t last_at_or_before(std::uint64_t page) const noexcept {
    const std::size_t block = block_of(page);
    const Block& in = blocks_[order_[block]];
    return in.first_pages[0] > page ? none : in.regions[position_of(in, page)];
  }
  // The region with the smallest first page that is not below `page`.
  std::uint32_t first_at_or_after(std::uint64_t page) const noexcept;

  // The page must be new, and there must be room.
  void insert(std::uint64_t first_page, std::uint32_t region) noexcept;
  // The page must be there.
  void erase(std::uint64_t first_page) noexcept;

  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t capacity = 64;
  static constexpr std::uint64_t beyond = UINT64_MAX;  // fills the unused end of a block

  struct Block {
    std::array<std::uint64_t, capacity> first_pages;
    std::array<std::uint32_t, capacity> regions;
    std::uint32_t count = 0;

    Block() {
      first_pages.fill(beyond);
      regions.fill(none);
    }
  };

  // Position in order_ of the block that `page` belongs to. The first block is also that of all smaller pages.
  std::size_t block_of(std::uint64_t page) const noexcept {
    std::size_t base = 0;
    for (std::size_t left = order_.size(); left > 1;) {
      const std::size_t half = left / 2;
      base += half * static_cast<std::size_t>(lowest_[base + half] <= page);
      left -= half;
    }
    return base;
  }
  // Position of the last key that is not above `page`; 0 when all are.
  static std::size_t position_of(const Block& block, std::uint64_t page) noexcept {
    std::size_t base = 0;
    for (std::size_t half = capacity / 2; half > 0; half /= 2) {
      base += half * static_cast<std::size_t>(block.first_pages[base + half] <= page);
    }
    return base;
  }

  void split(std::size_t block) noexcept;
  void merge_with_next(std::size_t block) noexcept;  // when both are small, or one is empty
  static void move_tail(Block& from, std::size_t position, Block& to) noexcept;

  std::vector<Block> blocks_;
  std::vector<std::uint32_t> free_blocks_;
  std::vector<std::uint32_t> order_;   // of blocks; at least one
  std::vector<std::uint64_t> lowest_;  // the smallest key of each block, in the same order
  std::size_t size_ = 0;
};

}  // namespace xover
