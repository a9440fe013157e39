// kill -9 of coordinator or agent at many random moments of a run: prints each trial and a summary; the exit code is 1
// when anything did not hold that must.
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "tests/fault/kill_trial.h"

namespace xover::test {
namespace {

struct Tally {
  std::map<Outcome, int> outcomes;
  std::chrono::milliseconds longest{0};
  std::size_t violations = 0;
};

void print_summary(const std::map<Victim, Tally>& tallies) {
  fmt::print("\n{:<14}  {:>8}  {:>8}  {:>11}  {:>10}  {:>12}\n", "victim", "run died", "unharmed", "cell failed",
             "violations", "longest end");
  for (auto [victim, tally] : tallies)
    fmt::print("{:<14}  {:>8}  {:>8}  {:>11}  {:>10}  {:>9} ms\n", to_string(victim), tally.outcomes[Outcome::run_died],
               tally.outcomes[Outcome::unharmed], tally.outcomes[Outcome::cell_failed], tally.violations,
               tally.longest.count());
}

int run_trials(std::uint64_t seed, int count) {
  KillTrials trials(seed);
  fmt::print("seed {}; an undisturbed run takes {} ms\n\n   killed at  victim          outcome      all ended\n",
             trials.seed(), trials.undisturbed().count());
  std::map<Victim, Tally> tallies;
  std::size_t violations = 0;
  for (int i = 0; i < count; ++i) {
    const TrialReport report = trials.next();
    fmt::print("{:>3} {}\n", i + 1, line_of(report));
    std::cout.flush();
    Tally& tally = tallies[report.victim];
    ++tally.outcomes[report.outcome];
    tally.longest = std::max(tally.longest, report.ended_after);
    tally.violations += report.violations.size();
    violations += report.violations.size();
  }
  print_summary(tallies);
  fmt::print("\n{} trials, {} violations\n", count, violations);
  return violations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace xover::test

int main(int argc, char** argv) {
  CLI::App app("kill -9 at random moments of a run");
  int count = 100;
  std::uint64_t seed = std::random_device()();
  app.add_option("--trials", count, "how many")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--seed", seed, "of the moments and victims; printed");
  CLI11_PARSE(app, argc, argv);
  setenv("XOVER", XOVER_PROGRAM, 0);
  try {
    return xover::test::run_trials(seed, count);
  } catch (const std::exception& problem) {
    std::cerr << "bench_kill: " << problem.what() << "\n";
    return 2;
  }
}
