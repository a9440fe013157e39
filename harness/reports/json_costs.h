// Cost models, what they say about crossovers, and copy times in the result file: written and read in one place. Only
// the JSON writers and readers include this.
#pragma once

#include "harness/reports/json_parts.h"
#include "harness/reports/json_place.h"

namespace xover {

// With the unit in which `metric` counts what a message costs.
Json to_json(const CostDifference& why, Metric metric);
CostDifference read_cost_difference(const JsonPlace& place);

Json to_json(const Confirmation& confirmation);
Confirmation read_confirmation(const JsonPlace& place);

Json to_json(const CostModel& model, const ResultDocument& document);
CostModel read_cost_model(const JsonPlace& place, const Plan& plan);

Json to_json(const CopyTime& time, const ResultDocument& document);
CopyTime read_copy_time(const JsonPlace& place, const Plan& plan);

}  // namespace xover
