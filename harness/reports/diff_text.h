// What changed between two runs, for people and for programs.
#pragma once

#include <string>

#include "harness/analysis/diff.h"
#include "harness/reports/terminal.h"

namespace xover {

struct DiffFiles {
  std::string a, b;  // as they were named
  const ResultDocument &document_a, &document_b;
  double least_percent = 0;
};

// What differs beside the figures first, then a table of all figures, then in words which of them differ for real.
std::string diff_text(const Diff& diff, const DiffFiles& files, const Terminal& terminal);

// {"a", "b", "least_difference_percent", "environment", "settings", "cells": [{"name", "a", "b"}],
//  "only_in_a", "only_in_b": [{"variant", axes, "link"}], "two_cycle_sources": [variant],
//  "differences": [{"variant", axes, "link", "metric", "a", "b": {"figure", "rounds", "restarts"},
//                   "ratio": {"median", "low", "high"}, "clock", "p_value", "adjusted_p_value",
//                   "verdict": "real|noise|too_few", "b_is": "faster|slower"}]}
// A figure that does not exist is absent; "b_is" is there with the verdict real.
std::string diff_json(const Diff& diff, const DiffFiles& files);

std::string_view name_of(DiffVerdict verdict);  // "real", ...

}  // namespace xover
