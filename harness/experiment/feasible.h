// Combinations of axes and transports that cannot be measured, whatever the machine: each axis is fine by itself, the
// combination is not.
#pragma once

#include <cstdint>
#include <span>

#include "core/error.h"
#include "core/variant.h"
#include "harness/experiment/experiment_text.h"
#include "harness/experiment/plan.h"

namespace xover {

// The error names the place of the axis that a person would change, as `experiment` has it.
// `two_hosts`: there is another host, so the devices of a link may have one name.
Result<void> check_feasible(const PlannedPoint& planned, const ExperimentText& experiment, bool two_hosts = false);

// Refuses cards that two links would take: a run holds each link from its first use to its end. `points` are all of the
// run so far; the error names the place of the links of `experiment`, which added the last of them.
Result<void> check_cards(std::span<const PlannedPoint> points, const ExperimentText& experiment);

// The longest message that this variant of a known transport can carry, whatever the link.
std::uint64_t largest_message_bytes(const Variant& variant);

}  // namespace xover
