// `xover run`: from the plan to the report.
#pragma once

#include "harness/command_line/outputs.h"
#include "harness/command_line/run_flags.h"

namespace xover {

// Blocks for the whole run; returns the exit code.
int run_command(const RunFlags& flags);

// Done, failed or nothing ran, as the exit code tells.
int exit_code_of(const ResultDocument& document);

}  // namespace xover
