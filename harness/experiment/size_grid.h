// Sizes written as a grid: one text that stands for many sizes.
//
//   1K..1M        1K, and each doubling of it, up to 1M, which is always the last
//   1K..1M/2      the same with two steps for each doubling (at most 16), at sizes that are easily written
//   4K+-1         4K, and a byte less and more: 4095, 4096, 4097
//   1K..1M+-1+-2K both, for each size of the grid. An offset of half a page makes messages end in the middle of one. It
//                 is left out where it is more than half of the size
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace xover {

// Whether it is meant as one.
bool is_size_grid(std::string_view text);

// Ascending, each once. Offsets do not lead beyond `greatest`; the grid itself may. A text that is no grid is the one
// size it stands for. Errors, with context and remedy only, have code bad_input.
Result<std::vector<std::uint64_t>> parse_sizes(std::string_view text, std::uint64_t greatest);

}  // namespace xover
