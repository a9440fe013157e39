// What the page's script needs to draw.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/reports/html/chart.h"

namespace xover::html {

nlohmann::ordered_json to_json(const ChartGroup& group);

// The id of the canvas of a chart, by its place in the group.
std::string canvas_id(const ChartGroup& group, std::size_t panel, std::size_t chart);

}  // namespace xover::html
