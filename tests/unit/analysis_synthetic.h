// Synthetic rounds whose truth is known, for the tests and the benchmark of the statistics.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "harness/analysis/statistics.h"

namespace xover::synthetic {

// How the figure of a round comes out on a machine where the undisturbed figure is 1.
enum class Noise {
  normal,        // 5 % to either side
  skewed,        // lognormal: a median of 1 and a long tail upwards
  contaminated,  // normal, but one round in ten is slowed to between 40 and 90 %
  delayed,       // an exponential delay in every round, so skewed on the log scale too
};

inline std::string_view name(Noise noise) {
  switch (noise) {
    case Noise::normal: return "normal";
    case Noise::skewed: return "skewed";
    case Noise::contaminated: return "contaminated";
    case Noise::delayed: return "delayed";
  }
  return "";
}

class Rounds {
 public:
  explicit Rounds(std::uint64_t seed) : random_(seed) {}

  double round(Noise noise) {
    switch (noise) {
      case Noise::normal: return near_one();
      case Noise::skewed: return std::exp(0.3 * normal_(random_));
      case Noise::contaminated:
        return uniform_(random_) < 0.1 ? near_one() * (0.4 + 0.5 * uniform_(random_)) : near_one();
      case Noise::delayed: return near_one() / (1 - 0.2 * std::log(1 - uniform_(random_)));
    }
    return 1;
  }

  // Ratios of two variants that share their kind of noise, the candidate `truth` times the baseline.
  std::vector<Observation> ratios(Noise noise, std::size_t count, double truth) {
    std::vector<Observation> observations(count);
    for (Observation& observation : observations) observation.value = truth * round(noise) / round(noise);
    return observations;
  }

  // Figures of one cell.
  std::vector<Observation> figures(Noise noise, std::size_t count) {
    std::vector<Observation> observations(count);
    for (Observation& observation : observations) observation.value = round(noise);
    return observations;
  }

 private:
  double near_one() { return 1 + 0.05 * normal_(random_); }

  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
};

inline bool holds(const Interval& interval, double truth) { return interval.low <= truth && truth <= interval.high; }

}  // namespace xover::synthetic
