// Straight lines through costs over sizes, one or two: least squares of relative distances.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace xover {

struct SizedCost {
  double size_bytes = 0;
  double cost = 0;  // positive
};

struct StraightLine {
  double fixed = 0, per_byte = 0;
  double squares = 0;  // of the distances, each as a share of its cost
};

// Two costs or more, at different sizes.
StraightLine line_through(std::span<const SizedCost> costs);

struct TwoLines {
  std::size_t split = 0;  // so many sizes are below
  StraightLine below, above;
  double knee_bytes = 0;  // where they meet; half-way between the sizes round the split, if they meet elsewhere

  double squares() const { return below.squares + above.squares; }
};

// The split that leaves the least squares, with `least` costs to either side; none when there are too few.
std::optional<TwoLines> best_two_lines(std::span<const SizedCost> costs, std::size_t least);

// How often one straight line with normal noise, at these sizes, would gain as much by its best split as these costs
// do: 0 to 1, of 999 times with a fixed seed.
double chance_of_gain(std::span<const SizedCost> costs, std::size_t least);

}  // namespace xover
