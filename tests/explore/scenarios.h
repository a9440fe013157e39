// The scenarios that are explored. Messages are of a few bytes, and so are chunks, copied messages and the read stage,
// so that ops take several messages, copies and adverts mix, and receives end in the middle of adverts.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tests/explore/scenario.h"

namespace xover::explore {

std::vector<Scenario> exhaustive_scenarios();
// Small enough to be searched without leaving any order out.
std::vector<Scenario> comparable_scenarios();
// Larger than can be searched: receives up to 10, adverts up to 8, more ops, cancels, changes of mode, lateness and
// refusals.
Scenario random_scenario(std::mt19937_64& random);
// The smallest in which breaking the rule shows.
Scenario scenario_for(sdp::Broken rule);

}  // namespace xover::explore
