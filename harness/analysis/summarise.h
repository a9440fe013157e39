// From rounds to cells: the aggregates of each cell over the rounds that the gate accepted, and the warnings that its
// figures call for.
#pragma once

#include "harness/experiment/result.h"

namespace xover {

// Fills in the aggregates of every cell and renews its warnings of the kinds that cell_warnings.h names; warnings of
// other kinds stay. May be called again after further rounds. Needs document.plan.
void summarise(ResultDocument& document);

}  // namespace xover
