// Processes of this program that this program spawns: never a bare fork, so each starts clean.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace xover {

// A descriptor of this process, and the number that the new process has it by. The two must not overlap across pairs.
using Inherited = std::pair<int, int>;

// Starts `program` with these words, the first of which is its name. It has nothing of standard input and output, so
// that `--json -` prints JSON alone, this process's standard error, these descriptors, and no signal blocked.
Result<pid_t> spawn_program(const std::string& program, std::vector<std::string> words,
                            std::span<const Inherited> inherited);

// What waitpid(2) says of an end, in words: "killed by signal 9 (Killed)", "exited with status 1".
std::string describe_ending(int status);

}  // namespace xover
