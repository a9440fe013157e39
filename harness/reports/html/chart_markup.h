// Charts as HTML: a legend, and for each chart a place to draw on, a text alternative, and its data as a table.
#pragma once

#include <string>

#include "harness/reports/html/chart.h"

namespace xover::html {

// Empty for a group without panels. Without `drawn` there are the tables alone.
std::string charts_markup(const ChartGroup& group, bool drawn);

}  // namespace xover::html
