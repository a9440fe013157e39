// Who won, in plain sentences: for each comparison who did better, by how much, how sure that is, and why, where the
// ledger shows it. Neighbouring sizes with the same outcome for the same reason share a sentence. Two that fill the
// link (`link_saturated`) are equal, and their sentence goes on with who spends less CPU.
#pragma once

#include <string>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

struct ComparisonSentence {
  Verdict verdict;
  std::string text;  // one paragraph without a line break
};

// In the order of the document's comparisons.
std::vector<ComparisonSentence> told_comparisons(const ResultDocument& document);
// The same without the verdicts.
std::vector<std::string> comparison_sentences(const ResultDocument& document);

}  // namespace xover
