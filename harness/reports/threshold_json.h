// Thresholds for programs: everything that threshold_text.h tells, and the runs it comes from.
#pragma once

#include <string>

#include "harness/agents/find_threshold.h"

namespace xover {

// Pretty-printed, ends with a line break. "sweep" and "fresh" are results as `xover run --json` writes them.
std::string threshold_json_text(const ThresholdFound& found);

}  // namespace xover
