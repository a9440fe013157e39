// Does the gate choose among results? If the rounds that it rejected put the variants in another relation than those it
// accepted, the accepted ones tell of a choice.
#pragma once

#include "harness/experiment/result.h"

namespace xover {

// Appends a gate_biased warning to the run for each comparison whose rejected and accepted ratios differ (Mann-Whitney,
// p < 0.01 after Holm over the run), in place of those from an earlier call. Needs document.plan and rounds only.
void check_gate_bias(ResultDocument& document);

}  // namespace xover
