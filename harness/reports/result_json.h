// The result file: everything that a run found, as JSON by docs/result.schema.json. CSV, table and report say the same
// in other forms; only this one is complete.
//
// A figure that does not exist (no PMU, no receiver, no accepted round, not a number) is absent, never 0 and never
// null.
#pragma once

#include <string>

#include "harness/experiment/result.h"

namespace xover {

inline constexpr int result_schema = 1;

// Pretty-printed, ends with a line break. Bytes that are not UTF-8 are replaced.
std::string to_json_text(const ResultDocument& document);

}  // namespace xover
