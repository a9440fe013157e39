// Why one transport did better than another, as far as the ledgers show it: nothing here guesses.
#pragma once

#include <string>

#include "harness/experiment/result.h"

namespace xover {

// A sentence, or empty where the ledgers say nothing about this outcome. Names the transports by their variants.
std::string reason_of(const Comparison& comparison, const CellResult& baseline, const CellResult& candidate);

}  // namespace xover
