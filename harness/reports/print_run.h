// What a person sees at the end of a run.
#pragma once

#include <cstdio>
#include <string>

#include "harness/experiment/result.h"
#include "harness/reports/terminal.h"

namespace xover {

// The question, the machine, the tables, a sentence for each comparison and each crossover, what could not be measured
// and what to do about it, the findings, and what to be careful about; a run that was broken off says so first.
void print_run(const ResultDocument& document, std::FILE* stream);
std::string run_text(const ResultDocument& document, const Terminal& terminal);

}  // namespace xover
