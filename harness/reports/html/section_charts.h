// The charts of a section: throughput, CPU per byte and latency over size, or as bars where there is one size.
#pragma once

#include "harness/reports/html/facets.h"

namespace xover::html {

// No panels when nothing was measured.
ChartGroup section_charts(const ResultDocument& document, const Section& section, const Styles& styles, std::string id);

}  // namespace xover::html
