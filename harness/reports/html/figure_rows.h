// Every figure of a section in one table, cell by cell, those without figures included.
#pragma once

#include <string>

#include "harness/reports/section.h"

namespace xover::html {

std::string figure_rows(const ResultDocument& document, const Section& section);

}  // namespace xover::html
