// A plan carried out for its crossovers.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "harness/experiment/plan.h"

namespace xover::bench {

// What is said of them, a line each. An error when a cell failed, or too few rounds were accepted for any. Blocks for
// as long as the plan takes.
Result<std::vector<std::string>> measured_crossovers(const Plan& plan);

}  // namespace xover::bench
