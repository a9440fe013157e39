// What a message costs, in plain sentences: why a crossover is where it is, where one straight line does not hold, and
// how much of a send is copying.
#pragma once

#include <string>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

// "each message costs 2.10 us more and each byte 0.0850 ns less": the candidate against the baseline.
std::string why_text(const CostDifference& why, Metric metric);

// One for each cost model with a knee; then, if copies were sampled, one for the terms, and one for each variant and
// place. Each is one paragraph without a line break. On an emulated machine they are no evidence, and the caller says
// so.
std::vector<std::string> cost_sentences(const ResultDocument& document);

}  // namespace xover
