// The account of a transfer as stacked bars: where the time of a message went, at either side, size by size.
#pragma once

#include "harness/reports/html/chart.h"

namespace xover::html {

// A group for each clock, so that virtual time stands alone. Empty where no transport keeps an account.
std::vector<ChartGroup> account_charts(const ResultDocument& document);

}  // namespace xover::html
