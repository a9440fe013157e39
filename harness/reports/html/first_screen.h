// What a reader sees first: the question, the machine, and who won from where on, in words and at a glance.
#pragma once

#include <string>

#include "harness/experiment/result.h"

namespace xover::html {

// The header of the page: title, machine, how it was measured.
std::string page_header(const ResultDocument& document);
// Sentences about crossovers and comparisons, and the verdicts in tables. Empty where nothing was compared.
std::string answers(const ResultDocument& document);

}  // namespace xover::html
