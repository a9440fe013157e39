// Whether what was printed has the lines that a sheet promises.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xover::test {

// The first of the promised lines that is not there; empty when all are, each on a later line than the one before.
// "..." stands for anything within a line, any number of spaces for one, and a promise may begin and end between two
// words. A sentence that was broken counts as one line where its parts hang below a "*" or a "yes".
std::string first_broken_promise(std::string_view printed, const std::vector<std::string>& promised);

// Why rows are missing, in the program's own words: what was skipped for another reason than the run's budget, or a
// figure that is unavailable. Empty: nothing is.
std::string what_is_missing_here(std::string_view printed);

// Why rows failed, if all of them did for want of a right: to lock more memory than the limit, or to choose another
// congestion control than the system's.
std::string what_only_root_may(std::string_view printed);

}  // namespace xover::test
