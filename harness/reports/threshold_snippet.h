// Thresholds as a TOML file: tables for an application to read, and an experiment that holds the transport that takes
// them against both, which `xover run FILE` carries out.
#pragma once

#include <string>

#include "harness/agents/find_threshold.h"

namespace xover {

std::string threshold_snippet(const ThresholdFound& found);

}  // namespace xover
