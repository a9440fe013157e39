// Claims and whether they hold, in the result file: written and read in one place. Only the JSON writers and readers
// include this.
#pragma once

#include "harness/reports/json_parts.h"
#include "harness/reports/json_place.h"

namespace xover {

Json to_json(const AssertionResult& assertion, const ResultDocument& document);
AssertionResult read_assertion(const JsonPlace& place, const Plan& plan);

std::string_view name_of(Holds holds);  // "yes", "no", "undecided"

}  // namespace xover
