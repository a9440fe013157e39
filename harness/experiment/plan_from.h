// From what a person wrote to the plan of a run. Everything that can be known to be wrong before anything is measured
// is found here, and bounded here, so that the rest of the harness need not check again.
#pragma once

#include <cstddef>

#include "core/error.h"
#include "harness/experiment/experiment_text.h"
#include "harness/experiment/plan.h"

namespace xover {

inline constexpr std::size_t most_points = 10'000;
inline constexpr std::size_t most_cells = 100'000;

// Points are the product of the axes' lists, sizes varying fastest; a point that two experiments share is measured
// once. Errors have code bad_input and name the place.
Result<Plan> make_plan(const PlanText& text);

}  // namespace xover
