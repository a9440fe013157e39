// Whether the link was the limit: then goodput says nothing about transports, and who won is asked of the CPU.
#pragma once

#include <optional>

#include "harness/experiment/point.h"
#include "harness/experiment/result.h"
#include "harness/interfaces/link_speed.h"

namespace xover {

// The slower line and the smaller MTU of both hosts' interfaces, by the cell's link_facts. Zeros: not known.
Line line_of(const CellResult& cell);

// The share of that line's greatest goodput which the cell's median goodput is. Nothing where the line is not known,
// there is no goodput, or the workload waits for answers, so that it cannot fill a line.
std::optional<double> share_of_line(const CellResult& cell, const Point& point);

// By their warnings `link_saturated`, which renew_cell_warnings() has put there.
bool both_fill_the_link(const CellResult& a, const CellResult& b);

}  // namespace xover
