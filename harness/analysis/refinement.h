// Which size to measure next, so that a crossover (crossover.h) is known more closely: bisection on the log scale.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "harness/analysis/crossover.h"

namespace xover {

// Sizes closer than that, as a share of an octave, tell nothing new: an eighth is a factor of 1.09.
inline constexpr double closest_octaves = 0.125;
// Where there is room, sizes are multiples of this: a cache line.
inline constexpr std::uint64_t size_step_bytes = 64;

// The size half-way between the two sizes around the crossover: the largest at which the candidate is not ahead, and
// the next larger one. Sizes ascend, each once, with one round or more; fewer than six rounds are enough.
//
// None when another size would not help:
//   - the candidate is ahead at every size, or not ahead at the largest: it does not cross between sizes tested
//   - the two sizes are closer than closest_octaves, or no whole byte is left between them
//   - the 95 % intervals of both ratios hold 1: then further rounds at these two tell more than a third size does
//
// Pure, and cheap enough to be called after each round.
std::optional<std::uint64_t> next_size(std::span<const SizedRatios> sizes);

}  // namespace xover
