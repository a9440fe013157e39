// The account of a transfer as tables for people: for each transport that keeps one, a column for each size, and for
// each side what a message spent where, what the registration cache did, and why messages were copied in the end.
#pragma once

#include <string>

#include "harness/experiment/result.h"
#include "harness/reports/terminal.h"

namespace xover {

// Empty where no cell has an account. A run of many points shows some: the JSON file has all.
std::string account_text(const ResultDocument& document, const Terminal& terminal);

}  // namespace xover
