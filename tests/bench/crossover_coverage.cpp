// Coverage is that of the intervals that there are: a run that cannot tell claims nothing that could be wrong. The last
// column but two says how often that was; where it is far below 100 %, so many runs would need more rounds.
#include "tests/bench/crossover_coverage.h"

#include <cstdio>

#include <fmt/format.h>

#include "tests/unit/analysis_crossover_trials.h"

namespace xover::bench {
namespace {

constexpr double greatest_error = 0.05, errors_count_up_to = 0.05;
constexpr double least_coverage = 0.93, greatest_coverage = 0.97;

double share(std::size_t part, std::size_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

bool print_row(double variation, synthetic::Slope slope, std::size_t repetitions, std::uint64_t seed) {
  const auto tally = synthetic::seek_crossovers(variation, slope, repetitions, seed);
  const double coverage = share(tally.held, tally.at), error = tally.median_error();
  const bool holds = (variation > errors_count_up_to || error <= greatest_error) && coverage >= least_coverage &&
                     coverage <= greatest_coverage;
  fmt::print("{:>4.0f} %  {:<8}{:>9.2f} %{:>9.1f} %{:>9.1f} %{:>9.1f} %{:>9.1f} %{}\n", 100 * variation,
             synthetic::name(slope), 100 * error, 100 * coverage, 100 * share(tally.at, tally.trials),
             100 * share(tally.held_fixed, tally.told_why), 100 * share(tally.held_per_byte, tally.told_why),
             holds ? "" : "   misses the target");
  std::fflush(stdout);
  return holds;
}

}  // namespace

bool print_crossover_coverage(std::size_t repetitions) {
  fmt::print(
      "\ncrossovers of fixed + per_byte * size, 10 rounds at each octave from 1K to 1M\n"
      "(target: median error at most 5 % up to a variation of 5 %; 93 to 97 % of the intervals hold the truth)\n"
      "{:<16}{:>11}{:>11}{:>11}{:>11}{:>11}\n",
      "noise, slope", "error", "held", "verdict at", "fixed", "per byte");
  bool all = true;
  std::uint64_t seed = 1;
  for (const double variation : {0.01, 0.05, 0.15}) {
    for (const auto slope : {synthetic::Slope::shallow, synthetic::Slope::steep})
      all &= print_row(variation, slope, repetitions, seed++);
  }
  return all;
}

}  // namespace xover::bench
