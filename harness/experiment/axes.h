// The one table of axes. Keys of [axes] in files, flags of `xover run`, fields of a JSON row and columns of a CSV file
// are all derived from it, so a new axis is a member of Point and a row here.
#pragma once

#include <span>
#include <string_view>

#include "harness/experiment/field.h"
#include "harness/experiment/point.h"

namespace xover {

using Axis = Field<Point>;

// In the order in which tables and files show them.
std::span<const Axis> axes();

// By name or plural; null when there is none.
const Axis* find_axis(std::string_view name);

}  // namespace xover
