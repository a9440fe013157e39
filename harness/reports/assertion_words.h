// Claims of the user's and whether they hold, in words.
#pragma once

#include <string>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

// "holds", "does not hold", "undecided".
std::string_view words_of(Holds holds);
// What each case of a claim found: "1.21 (1.18 to 1.24) at size 64K"; of a claim without cases, why.
std::vector<std::string> words_of_cases(const AssertionResult& assertion, const ResultDocument& document);

}  // namespace xover
