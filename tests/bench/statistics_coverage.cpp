// How often the intervals of harness/analysis/statistics and of the crossovers hold the truth, and how often equal
// variants are called different, on synthetic rounds. Prints tables; exit code 1 when a row misses its target.
//
//   statistics_coverage [repetitions]      1000 by default
#include <charconv>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "harness/analysis/statistics.h"
#include "harness/analysis/stopping.h"
#include "tests/bench/crossover_coverage.h"
#include "tests/unit/analysis_synthetic.h"

namespace {

using namespace xover;
using synthetic::Noise;

constexpr double truth = 1.1;
constexpr std::size_t round_counts[] = {6, 10, 20, 30, 60};

double percent(std::size_t part, std::size_t all) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

double coverage_of_ratios(Noise noise, std::size_t rounds, std::size_t repetitions) {
  synthetic::Rounds source(rounds);
  std::size_t held = 0;
  for (std::size_t i = 0; i < repetitions; ++i) {
    held += synthetic::holds(estimate(source.ratios(noise, rounds, truth)).interval, truth);
  }
  return percent(held, repetitions);
}

// Rounds are added at the preset looks until the interval is narrow, at most to 60: the point in which a run would
// stop.
double coverage_when_stopped(Noise noise, std::size_t stop_width_percent, std::size_t repetitions) {
  synthetic::Rounds source(stop_width_percent);
  std::size_t held = 0;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const std::vector<Observation> all = source.ratios(noise, 60, truth);
    Interval interval;
    for (std::uint32_t rounds = 10; rounds <= all.size(); ++rounds) {
      if (!is_preset_look(rounds)) continue;
      interval = estimate(std::span(all).first(rounds)).interval;
      if (width_percent(interval) <= static_cast<double>(stop_width_percent)) break;
    }
    held += synthetic::holds(interval, truth);
  }
  return percent(held, repetitions);
}

// The centre that a cell's figures have in the long run.
double long_run_centre(Noise noise) {
  synthetic::Rounds source(0);
  constexpr std::size_t many = 200'001;
  std::vector<double> values;
  for (const Observation& observation : source.figures(noise, many)) values.push_back(observation.value);
  return median(std::move(values));
}

double coverage_of_figures(Noise noise, std::size_t rounds, std::size_t repetitions) {
  synthetic::Rounds source(rounds);
  const double centre = long_run_centre(noise);
  std::size_t held = 0;
  for (std::size_t i = 0; i < repetitions; ++i) {
    held += synthetic::holds(estimate(source.figures(noise, rounds)).interval, centre);
  }
  return percent(held, repetitions);
}

double false_positives(Noise noise, std::size_t rounds, std::size_t repetitions) {
  synthetic::Rounds source(1000 + rounds);
  std::size_t called_different = 0;
  for (std::size_t i = 0; i < repetitions; ++i) {
    called_different += estimate(source.ratios(noise, rounds, 1)).p_value < significance;
  }
  return percent(called_different, repetitions);
}

template <typename Measure>
bool print_rows(const char* title, Measure measure, std::size_t repetitions, double least, double greatest,
                const char* column = "n =") {
  bool on_target = true;
  fmt::print("\n{}\n{:<14}", title, "");
  for (std::size_t value : round_counts) fmt::print("{:>9}", fmt::format("{} {}", column, value));
  fmt::print("\n");
  for (Noise noise : {Noise::normal, Noise::skewed, Noise::contaminated, Noise::delayed}) {
    fmt::print("{:<14}", synthetic::name(noise));
    for (std::size_t rounds : round_counts) {
      const double value = measure(noise, rounds, repetitions);
      on_target &= value >= least && value <= greatest;
      fmt::print("{:>7.1f} %", value);
      std::fflush(stdout);
    }
    fmt::print("\n");
  }
  return on_target;
}

}  // namespace

int main(int argument_count, char** arguments) {
  std::size_t repetitions = 1000;
  if (argument_count > 1) {
    const char* text = arguments[1];
    const auto parsed = std::from_chars(text, text + std::strlen(text), repetitions);
    if (parsed.ec != std::errc{} || *parsed.ptr != '\0' || repetitions == 0 || argument_count > 2) {
      fmt::print(stderr, "usage: statistics_coverage [repetitions]: a whole number above 0 was expected\n");
      return 2;
    }
  }
  fmt::print("{} repetitions\n", repetitions);
  const bool covered = print_rows("95 % intervals of paired ratios that hold the truth (target: 93 to 97 %)",
                                  coverage_of_ratios, repetitions, 93, 97);
  const bool honest =
      print_rows("equal variants called different at 5 % (target: 3 to 7 %)", false_positives, repetitions, 3, 7);
  print_rows("95 % intervals of ratios when stopped at a width in percent, 10 to 60 rounds (no target)",
             coverage_when_stopped, repetitions, 0, 100, "width");
  print_rows("95 % intervals of a single cell's figures that hold the long-run median (no target)", coverage_of_figures,
             repetitions, 0, 100);
  const bool crossed = bench::print_crossover_coverage(repetitions);
  return covered && honest && crossed ? 0 : 1;
}
