// The verdicts of a section at a glance: a row for each candidate and metric, a column for each size.
#pragma once

#include <string>

#include "harness/reports/html/facets.h"

namespace xover::html {

// Empty where nothing was compared.
std::string verdict_table(const ResultDocument& document, const Section& section);

}  // namespace xover::html
