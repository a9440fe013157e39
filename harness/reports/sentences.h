// Who won, in plain sentences: for each comparison who did better, by how much, how sure that is, and why, where the
// ledger shows it. Neighbouring sizes with the same outcome for the same reason share a sentence.
#pragma once

#include <string>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

// In the order of the document's comparisons; each is one paragraph without a line break.
std::vector<std::string> comparison_sentences(const ResultDocument& document);

}  // namespace xover
