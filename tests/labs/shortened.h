// How the commands of the sheets are shortened for a test.
#pragma once

#include <string>

namespace xover::test {

// A line of a sheet as it is run here. `build/xover run` takes one round of 10 ms without gate, or as many rounds as it
// says if these are 6 at most (a verdict takes 6), and few files. Runs in virtual time keep their rounds and durations,
// since their figures are promised. A preset taken whole has one size and one connection, a threshold is
// sought for 3 s. Other lines stay as they are.
std::string shortened(const std::string& line);

// The same with 2 s at most for each run, also in virtual time: for a program that is instrumented.
std::string shortened_for_a_sanitizer(const std::string& line);

}  // namespace xover::test
