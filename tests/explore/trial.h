// One search or walk, told on the way if something asserts in it: then the trace is printed before the program dies.
#pragma once

#include <random>
#include <set>
#include <utility>

#include "tests/explore/sdp_model.h"

namespace xover::explore {

Outcome try_all(const SdpModel& model, Order order, std::size_t most_states);

// search.h's walk(), told in the same way.
void try_walk(const SdpModel& model, std::mt19937_64& random, std::size_t most_steps, Outcome& outcome);

struct Ends {
  Outcome outcome;
  std::set<std::pair<std::uint64_t, std::uint64_t>> ends;  // states in which nothing can happen any more, by their hash
};
Ends ends_of(const SdpModel& model, std::size_t most_states);

}  // namespace xover::explore
