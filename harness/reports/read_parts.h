// The pieces of the result file that describe one cell, as json_parts.cpp writes them. Only the JSON readers include
// this.
#pragma once

#include "harness/experiment/result.h"
#include "harness/reports/json_place.h"

namespace xover {

double figure_or_absent(const JsonPlace& object, const char* key);  // what is absent is no number
Interval read_interval(const JsonPlace& place);                     // the same of its bounds
Metric read_metric(const JsonPlace& place);
Warning read_warning(const JsonPlace& place);
bool read_virtual_clock(const JsonPlace& object);

// The number of a point that the plan has.
std::size_t read_point_index(const JsonPlace& object, const Plan& plan);

// The axes among the members of an object.
Point read_axes(const JsonPlace& object);

// Needs the plan's points: a cell is one of their variants.
CellResult read_cell(const JsonPlace& place, const Plan& plan);

}  // namespace xover
