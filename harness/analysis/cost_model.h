// Cost models: what a message costs a variant, fixed + per_byte * s, over the sizes of points that differ in nothing
// else (result.h has the words).
//
// The line has the least sum of squares of relative distances: a size counts by how many per cent it is off, not by how
// many nanoseconds. Its interval is what 95 % of 999 resamples of the units of evidence (statistics.h) give.
//
// One line stays unless two are surely better. Two lines, three sizes at least to either side, are fitted at the split
// that leaves least; any split leaves less than one line does, and the best of many leaves much less. So the same is
// done 999 times to one straight line with normal noise at these very sizes: a knee is seen where fewer than one in a
// hundred of them gain as much by their best split, and where the one line is off by 2 % at least.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "harness/analysis/series.h"
#include "harness/experiment/result.h"

namespace xover {

inline constexpr std::size_t least_sizes_for_costs = 3;
inline constexpr std::size_t least_sizes_beside_knee = 3;
inline constexpr double straight_enough_percent = 2;
inline constexpr double knee_significance = 0.01;

// The lines, the knee and the error alone. Sizes ascend, each once. Absent with too few sizes or rounds, or where the
// rounds of a size leave it without an interval. `exact`: figures of a model, for which one round is enough.
std::optional<CostModel> cost_model_of(std::span<const SizedCosts> sizes, bool exact);

// Fills in document.cost_models, in the order of the cells: by goodput, CPU and median latency. None of mixed sizes.
void find_cost_models(ResultDocument& document);

}  // namespace xover
