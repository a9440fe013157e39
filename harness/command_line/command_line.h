// The program as people call it.
#pragma once

namespace xover {

// Reads the arguments, does what they say, returns the exit code (complaint.h has their list). Catches everything.
int command_line(int argument_count, char** arguments);

}  // namespace xover
