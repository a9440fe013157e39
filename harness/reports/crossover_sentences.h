// From which size on a candidate pays, in plain sentences: one for each pair and place, whatever the metrics say.
#pragma once

#include <string>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

// In the order of the document's crossovers; each is one paragraph without a line break. On an emulated machine they
// are no evidence, and the caller says so.
std::vector<std::string> crossover_sentences(const ResultDocument& document);

}  // namespace xover
