// The whole matrix of SDP scenarios: all orders of events between two machines, to the end of each scenario or to a
// million states of it, or to as many as XOVER_EXPLORE_STATES says (twenty million need some gigabytes). Names those
// that were searched in part. Fails if anything is wrong.
#include <cstdio>
#include <cstdlib>

#include "tests/explore/campaign.h"
#include "tests/explore/scenarios.h"

int main() {
  const char* const given = std::getenv("XOVER_EXPLORE_STATES");
  const std::size_t most_states = given != nullptr ? std::strtoull(given, nullptr, 10) : 1'000'000;
  const xover::explore::Campaign campaign =
      xover::explore::search_all(xover::explore::exhaustive_scenarios(), most_states);
  for (const std::string& problem : campaign.problems) std::printf("\n%s", problem.c_str());
  return campaign.problems.empty() ? 0 : 1;
}
