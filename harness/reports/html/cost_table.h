// What a message costs each transport, as a line over its size: t(s) = fixed + per_byte * s.
#pragma once

#include <string>

#include "harness/experiment/result.h"

namespace xover::html {

// Empty where no line was fitted.
std::string cost_table(const ResultDocument& document);

}  // namespace xover::html
