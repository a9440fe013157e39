// What a section and its cells have to show, and the words above and below it: the same in the terminal and in the
// HTML report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/experiment/result.h"
#include "harness/reports/section.h"

namespace xover {

// Measured, and a round was accepted.
bool has_figures(const CellResult& cell);
bool has_reference_cycles(const CellResult& cell);
// Goodput, or what was handed over where nobody receives.
const Interval& throughput_of(const CellResult& cell);
// Share of the messages sent that never arrived, over the accepted rounds; 0 to 1.
double lost_share(const CellResult& cell);

// What its latency is of: "lent", "round trip", ...
std::string_view latency_title(Workload workload);
// "stream over lo (memory of one host)", and what is done and measured there: "messages back to back; ..."
std::string name_of_section(const Section& section, const ResultDocument& document);
std::string_view method_of(const Section& section);
// Both, with a colon between.
std::string heading_of(const Section& section, const ResultDocument& document);
// "two processes, sender on CPU 0, receiver on CPU 1"; empty when rows differ or nothing is known.
std::string whereabouts(const Section& section);

// What the ledger alone would let a reader misjudge.
std::vector<std::string> notes_of(const ResultDocument& document);
// What was granted to links that were made for the run, once for each.
std::vector<std::string> made_links_of(const ResultDocument& document);

}  // namespace xover
