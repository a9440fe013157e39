// The one way in which the program says what is wrong, and its exit codes.
#pragma once

#include <string_view>

#include "core/error.h"

namespace xover {

enum ExitCode : int {
  exit_done = 0,
  exit_failed = 1,       // a cell failed, a claim does not hold, the run was broken off, a result was not written
  exit_bad_input = 2,    // usage or configuration
  exit_nothing_ran = 3,  // nothing could run here
};

// Prints "xover: ..." on standard error, always one line whatever the message holds.
void complain(std::string_view message);

// The same, and the exit code that goes with the error.
int complain(const Error& error);

}  // namespace xover
