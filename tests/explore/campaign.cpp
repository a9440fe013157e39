// A thread for each processor takes the next scenario until none is left.
#include "tests/explore/campaign.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "tests/explore/trial.h"

namespace xover::explore {

namespace {

class Worker {
 public:
  Worker(const std::vector<Scenario>& scenarios, std::size_t most_states)
      : scenarios_(scenarios), most_states_(most_states) {}

  void run() {
    for (std::size_t i = next_++; i < scenarios_.size(); i = next_++) search(scenarios_[i]);
  }
  Campaign result() && { return std::move(campaign_); }

 private:
  void search(const Scenario& scenario) {
    const SdpModel model(scenario, Orders::reduced);
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = try_all(model, Order::deep, most_states_);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::string problem;
    if (!outcome.violation.empty()) {
      const Outcome shortest = try_all(model, Order::broad, most_states_);
      const Outcome& told = shortest.violation.empty() ? outcome : shortest;
      problem = told.violation + "\n" + model.describe(told.trace);
    }
    const std::lock_guard lock(mutex_);
    const char* const extent = outcome.complete ? "complete" : problem.empty() ? "the first" : "wrong after";
    std::printf("%-58s %-11s %9zu distinct states, %9zu steps, %6zu ends, %6.1f s\n", scenario.name.c_str(), extent,
                outcome.states, outcome.transitions, outcome.ends, took.count());
    std::fflush(stdout);
    campaign_.states += outcome.states;
    if (!problem.empty()) {
      campaign_.problems.push_back(std::move(problem));
    } else if (outcome.complete) {
      ++campaign_.complete;
    } else {
      campaign_.partial.push_back(scenario.name);
    }
  }

  const std::vector<Scenario>& scenarios_;
  const std::size_t most_states_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  Campaign campaign_;
};

}  // namespace

Campaign search_all(const std::vector<Scenario>& scenarios, std::size_t most_states) {
  Worker worker(scenarios, most_states);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&worker] { worker.run(); });
  }
  for (std::thread& thread : threads) thread.join();
  Campaign campaign = std::move(worker).result();
  std::printf("%zu scenarios, %zu of them complete, %zu distinct states in all\n", scenarios.size(), campaign.complete,
              campaign.states);
  for (const std::string& name : campaign.partial) std::printf("  in part: %s\n", name.c_str());
  return campaign;
}

}  // namespace xover::explore
