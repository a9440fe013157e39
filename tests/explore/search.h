// Walks through the states of a model: all of them, each once, or some of them at random.
//
// A model says from which state things begin, which steps are possible in a state, what a step does, and what is wrong
// with the state after it or with a state in which nothing can happen any more. It has:
//   State initial() const
//   void append_steps(const State&, std::vector<Step>&) const
//   std::string take(State&, Step) const           what is wrong, empty if nothing
//   std::string end_problem(const State&) const    of a state without steps; likewise
//   void serialise(const State&, std::vector<std::byte>&) const    all that decides what can happen from here on
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/explore/state_set.h"

namespace xover::explore {

struct Step {
  std::uint8_t kind = 0;
  std::uint8_t end = 0;
  std::uint8_t which = 0;
  bool operator==(const Step&) const = default;
};

struct Outcome {
  std::size_t states = 0;       // distinct
  std::size_t transitions = 0;  // steps taken
  std::size_t ends = 0;         // states (random: walks) in which nothing can happen any more
  bool complete = false;        // every state that can be reached was
  std::string violation;        // empty: none found
  std::vector<Step> trace;      // from the initial state to the violation
};

// Deep needs less memory. Broad finds the shortest way to a violation.
enum class Order : std::uint8_t { deep, broad };

// From every state an end can be reached: nobody goes round and round for ever. The first state that cannot, if any.
inline std::optional<std::uint32_t> first_without_end(std::size_t states,
                                                      std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges,
                                                      std::vector<std::uint32_t> ends) {
  std::sort(edges.begin(), edges.end(), [](const auto& one, const auto& other) { return one.second < other.second; });
  std::vector<bool> reaches(states);
  for (const std::uint32_t end : ends) reaches[end] = true;
  while (!ends.empty()) {
    const std::uint32_t here = ends.back();
    ends.pop_back();
    auto edge = std::lower_bound(edges.begin(), edges.end(), here,
                                 [](const auto& one, std::uint32_t to) { return one.second < to; });
    for (; edge != edges.end() && edge->second == here; ++edge) {
      if (reaches[edge->first]) continue;
      reaches[edge->first] = true;
      ends.push_back(edge->first);
    }
  }
  const auto first = std::find(reaches.begin(), reaches.end(), false);
  if (first == reaches.end()) return std::nullopt;
  return static_cast<std::uint32_t>(first - reaches.begin());
}

template <typename Model>
class Search {
 public:
  Search(const Model& model, Order order) : model_(model), order_(order) {}

  // Ends at the first violation, and when there are so many states.
  Outcome run(std::size_t most_states) {
    add(model_.initial(), {});
    while (!open_.empty() && outcome_.violation.empty() && seen_.size() < most_states) {
      Open here = order_ == Order::deep ? std::move(open_.back()) : std::move(open_.front());
      order_ == Order::deep ? open_.pop_back() : open_.pop_front();
      expand(here);
    }
    outcome_.states = seen_.size();
    outcome_.complete = open_.empty() && outcome_.violation.empty();
    if (!outcome_.complete) return outcome_;
    if (const auto lost = first_without_end(seen_.size(), edges_, ends_)) {
      fail("from here on no end can be reached", *lost);
    }
    return outcome_;
  }

  // To the state before the step that is being taken: for whoever is asked in the middle, because something asserts.
  std::vector<Step> way_here() const { return way_to(trying_.from); }
  Step trying() const { return trying_.step; }
  const std::vector<StateHash>& ends() const { return end_hashes_; }

 private:
  struct Open {
    typename Model::State state;
    std::uint32_t number;
  };
  struct Reached {  // how a state was reached first
    std::uint32_t from;
    Step step;
  };

  StateHash hash_of_state(const typename Model::State& state) {
    bytes_.clear();
    model_.serialise(state, bytes_);
    return hash_of(bytes_);
  }

  // The number of the state, which is put away to be expanded if it is new.
  std::uint32_t add(typename Model::State&& state, Reached by) {
    const auto [number, is_new] = seen_.insert(hash_of_state(state));
    if (is_new) {
      reached_.push_back(by);
      open_.push_back({std::move(state), number});
    }
    return number;
  }

  void expand(Open& here) {
    steps_.clear();
    model_.append_steps(here.state, steps_);
    if (steps_.empty()) {
      ++outcome_.ends;
      ends_.push_back(here.number);
      end_hashes_.push_back(hash_of_state(here.state));
      if (auto problem = model_.end_problem(here.state); !problem.empty()) fail(std::move(problem), here.number);
    }
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      trying_ = {here.number, steps_[i]};
      auto next = i + 1 == steps_.size() ? std::move(here.state) : here.state;
      ++outcome_.transitions;
      if (auto problem = model_.take(next, steps_[i]); !problem.empty()) {
        fail(std::move(problem), here.number);
        outcome_.trace.push_back(steps_[i]);
        return;
      }
      edges_.emplace_back(here.number, add(std::move(next), {here.number, steps_[i]}));
    }
  }

  void fail(std::string what, std::uint32_t number) {
    outcome_.violation = std::move(what);
    outcome_.trace = way_to(number);
  }

  std::vector<Step> way_to(std::uint32_t number) const {
    std::vector<Step> way;
    for (; number != 0; number = reached_[number].from) way.push_back(reached_[number].step);
    std::reverse(way.begin(), way.end());
    return way;
  }

  const Model& model_;
  const Order order_;
  Outcome outcome_;
  StateSet seen_;
  std::vector<Reached> reached_;  // by number
  Reached trying_{};
  std::deque<Open> open_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges_;
  std::vector<std::uint32_t> ends_;
  std::vector<StateHash> end_hashes_;
  std::vector<std::byte> bytes_;
  std::vector<Step> steps_;
};

// One walk from the initial state until nothing can happen any more, or `most_steps`. Adds to `outcome`, whose trace is
// that of this walk.
template <typename Model, typename Random>
void walk(const Model& model, Random& random, std::size_t most_steps, Outcome& outcome) {
  auto state = model.initial();
  std::vector<Step> steps;
  outcome.trace.clear();
  for (std::size_t i = 0; i < most_steps; ++i) {
    steps.clear();
    model.append_steps(state, steps);
    if (steps.empty()) {
      ++outcome.ends;
      outcome.violation = model.end_problem(state);
      return;
    }
    const Step step = steps[std::uniform_int_distribution<std::size_t>(0, steps.size() - 1)(random)];
    outcome.trace.push_back(step);
    ++outcome.transitions;
    outcome.violation = model.take(state, step);
    if (!outcome.violation.empty()) return;
  }
}

}  // namespace xover::explore
