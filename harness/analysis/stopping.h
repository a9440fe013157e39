// Sequential stopping: when a point has seen enough rounds. It is asked at preset looks and judges by the width of the
// intervals alone, never by who is ahead, so stopping cannot favour a verdict.
#pragma once

#include <cstdint>

#include "harness/experiment/result.h"

namespace xover {

// 10, 15, 20, 30, 40, 60, 80, 120, ...: steps of about a third to a half.
bool is_preset_look(std::uint32_t rounds);

// True at a preset look when the ratio of every comparison that the point allows, by the metric that its workload is
// mainly about, is known to document.plan.stop_width_percent. With nothing to compare, the figures themselves are
// asked.
bool narrow_enough(const ResultDocument& document, std::size_t point_index);

}  // namespace xover
