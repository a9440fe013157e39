// The search that SIGABRT finds.
#include "tests/explore/trial.h"

#include <csignal>
#include <cstdio>

#include "tests/explore/story.h"

namespace xover::explore {

namespace {

thread_local const SdpModel* model_in_work = nullptr;
thread_local const Search<SdpModel>* search_in_work = nullptr;
thread_local const std::vector<Step>* walk_in_work = nullptr;

// What asserted is a machine in a state that is not printed from: the trace is played again from the beginning, up to
// the step before.
void tell_the_way(int) {
  std::signal(SIGABRT, SIG_DFL);
  if (search_in_work == nullptr && walk_in_work == nullptr) return;
  std::vector<Step> way = search_in_work != nullptr ? search_in_work->way_here() : *walk_in_work;
  const Step step = search_in_work != nullptr ? search_in_work->trying() : way.back();
  if (search_in_work == nullptr) way.pop_back();
  std::fprintf(stderr, "%s", model_in_work->describe(way).c_str());
  std::fprintf(stderr, "  and then, by a step of kind %d of %s (%d), what asserts above\n", step.kind,
               name_of_end(step.end).c_str(), step.which);
}

}  // namespace

Outcome try_all(const SdpModel& model, Order order, std::size_t most_states) {
  Search<SdpModel> search(model, order);
  model_in_work = &model;
  search_in_work = &search;
  std::signal(SIGABRT, tell_the_way);  // left so: other threads may be searching as well
  Outcome outcome = search.run(most_states);
  search_in_work = nullptr;
  return outcome;
}

void try_walk(const SdpModel& model, std::mt19937_64& random, std::size_t most_steps, Outcome& outcome) {
  model_in_work = &model;
  walk_in_work = &outcome.trace;
  std::signal(SIGABRT, tell_the_way);
  walk(model, random, most_steps, outcome);
  walk_in_work = nullptr;
}

Ends ends_of(const SdpModel& model, std::size_t most_states) {
  Search<SdpModel> search(model, Order::deep);
  Ends found;
  found.outcome = search.run(most_states);
  for (const StateHash& hash : search.ends()) found.ends.insert({hash.low, hash.high});
  return found;
}

}  // namespace xover::explore
