// One trial: a run of several transports, and kill -9 of its coordinator or of one of its agents at a chosen moment.
// What must hold afterwards is checked here, so that the test suite and the benchmark ask for the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace xover::test {

enum class Victim : std::uint8_t { coordinator, agent };
std::string_view to_string(Victim victim);

enum class Outcome : std::uint8_t {
  over_before,  // the run had ended: no trial
  run_died,     // with its coordinator
  unharmed,     // the agent was not at work, or was replaced: no cell failed
  cell_failed,  // and the rest of the run went on
};
std::string_view to_string(Outcome outcome);

struct TrialReport {
  Victim victim = Victim::coordinator;
  std::chrono::milliseconds moment{0};  // after the start of the run
  Outcome outcome = Outcome::over_before;
  std::chrono::milliseconds ended_after{0};  // from the kill until nothing of the run was left
  std::vector<std::string> failures;         // reasons of the failed cells
  std::vector<std::string> violations;       // what did not hold
};

// What a trial's run compares: sockets, and zero-copy sends on all links that can be made here.
std::vector<std::string> usual_comparison();

class KillTrials {
 public:
  // Takes one run undisturbed, to know how long it is; throws when that one does not succeed. `compared`: arguments of
  // `xover run` that say what, three rounds of it.
  explicit KillTrials(std::uint64_t seed, std::vector<std::string> compared = usual_comparison());

  // A victim and a moment drawn at random, again when the run was over before. Bounded: 60 s.
  TrialReport next();

  std::uint64_t seed() const { return seed_; }
  std::chrono::milliseconds undisturbed() const { return undisturbed_; }

 private:
  std::uint64_t seed_;
  std::mt19937_64 random_;
  std::vector<std::string> compared_;
  std::chrono::milliseconds undisturbed_{0};
};

// A line of a table that people read.
std::string line_of(const TrialReport& report);

}  // namespace xover::test
