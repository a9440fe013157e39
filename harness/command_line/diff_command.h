// `xover diff A.json B.json`: what changed between two runs, and whether it is real.
#pragma once

#include <optional>
#include <string>

#include "harness/analysis/two_runs.h"

namespace xover {

struct DiffFlags {
  std::string a, b;
  std::optional<std::string> json_file;  // "-": standard output, and nothing else there
  double least_percent = least_difference_percent;
  bool fail_on_slower = false;
  bool as_measured = false;  // do not correct for the machine's speed
};

// Returns the exit code: done also when something changed, unless slower ones are to fail; bad input when a file is no
// result, or no cell of one is in the other.
int diff_command(const DiffFlags& flags);

}  // namespace xover
