// The ledgers of a section as stacked bars: who copied a byte, and how often, on the sending and on the receiving side.
#pragma once

#include "harness/reports/html/facets.h"

namespace xover::html {

// No panels when no byte was booked. Cells of one transport whose ledgers say the same share a bar.
ChartGroup ledger_charts(const ResultDocument& document, const Section& section, std::string id);

}  // namespace xover::html
