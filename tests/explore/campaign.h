// Searches many scenarios, on all processors, and prints a line for each as it ends.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/explore/scenario.h"

namespace xover::explore {

struct Campaign {
  std::size_t complete = 0;           // scenarios of which every state was reached
  std::size_t states = 0;             // distinct, of all scenarios together
  std::vector<std::string> partial;   // names of those that have more states than were looked at
  std::vector<std::string> problems;  // what is wrong, with the shortest trace to it
};

// At most so many states of each. Prints the total as well.
Campaign search_all(const std::vector<Scenario>& scenarios, std::size_t most_states);

}  // namespace xover::explore
