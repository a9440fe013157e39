// Whether claims hold, beyond the noise.
//
//   Ratios and figures hold when their 95 % interval lies wholly on the right side of the value, fail when it lies
//   wholly on the wrong side, and are undecided otherwise; both after Holm's correction over all that is claimed of the
//   run, each place for itself, and with six accepted rounds at least. Ratios are paired by round. A latency is that of
//   each round, as comparisons have it.
//   Crossovers likewise by the interval of their size, each for itself. Ahead at every size tested: below the smallest
//   of them. Never, or not for good: above the largest.
//   Evidence is a count of bytes without noise, out of all accepted rounds: it holds or fails. So do figures in virtual
//   time.
//
// A claim fails when it fails at one place, and holds when it holds at all of them. Where nothing was measured it is
// undecided, with the reason.
#pragma once

#include <span>
#include <vector>

#include "harness/analysis/assertion.h"
#include "harness/experiment/result.h"

namespace xover {

// In the order given; needs the comparisons' inputs and the crossovers of a finished run.
std::vector<AssertionResult> judge_assertions(std::span<const Assertion> assertions, const ResultDocument& document);

}  // namespace xover
