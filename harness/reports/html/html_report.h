// The HTML report: one file that holds everything it shows, opens offline, and can reach nothing outside itself (a
// Content-Security-Policy with the hashes of its own script and style sees to that).
#pragma once

#include <string>

#include "harness/experiment/result.h"

namespace xover {

// The page: what was asked, who won from where on, charts with their data as tables, warnings and what was not
// measured. Whatever the document holds is text in it, never markup. Blocks for some milliseconds.
std::string html_report(const ResultDocument& document);

// Whether this program was built with the library that draws the charts. Without it reports have the tables alone, and
// say so.
bool report_has_charts();
// What to install to have charts.
extern const char* const charts_remedy;

}  // namespace xover
