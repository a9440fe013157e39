// Two variants whose costs are known, fixed + per_byte * s, measured with noise: for the test and the benchmark of the
// crossovers and the cost models.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "harness/analysis/series.h"

namespace xover::synthetic {

struct StraightCosts {
  double fixed = 0, per_byte = 0;
  double at(double size_bytes) const { return fixed + per_byte * size_bytes; }
};

// What a candidate gains for each doubling of the size, where it crosses its baseline.
enum class Slope { shallow, steep };

inline std::string_view name(Slope slope) { return slope == Slope::shallow ? "shallow" : "steep"; }

struct Rivals {
  StraightCosts baseline, candidate;

  // Costs of 1000 at the crossover; of these, so much is per byte. The gain of a doubling is nearly ln 2 times the
  // difference of the two shares: 10 % (shallow), 40 % (steep).
  static Rivals crossing_at(double size_bytes, Slope slope) {
    const double of_baseline = slope == Slope::shallow ? 0.6 : 0.62;
    const double of_candidate = slope == Slope::shallow ? 0.45 : 0.04;
    const auto costs = [&](double share) { return StraightCosts{1000 * (1 - share), 1000 * share / size_bytes}; };
    return {costs(of_baseline), costs(of_candidate)};
  }
};

// From 1K to 1M, one size for each octave.
inline std::vector<std::uint64_t> octaves_to_1m() {
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t size_bytes = 1024; size_bytes <= 1 << 20; size_bytes *= 2) sizes.push_back(size_bytes);
  return sizes;
}

// Log-normal noise. Half of a figure's variance belongs to the round, and so to both variants alike.
class NoisyCosts {
 public:
  NoisyCosts(std::uint64_t seed, double coefficient_of_variation)
      : random_(seed), half_(std::sqrt(std::log1p(std::pow(coefficient_of_variation, 2)) / 2)) {}

  std::vector<SizedRatios> measure(const Rivals& rivals, const std::vector<std::uint64_t>& sizes, std::size_t rounds) {
    std::vector<SizedRatios> measured;
    for (const std::uint64_t size_bytes : sizes) {
      SizedRatios& sized = measured.emplace_back(SizedRatios{size_bytes, {}, {}});
      for (std::size_t round = 0; round < rounds; ++round) {
        const double of_round = noise(), size = static_cast<double>(size_bytes);
        const double baseline = rivals.baseline.at(size) * of_round * noise();
        const double candidate = rivals.candidate.at(size) * of_round * noise();
        sized.ratios.push_back({0, baseline / candidate});
        sized.costs.push_back({0, std::sqrt(baseline * candidate)});
      }
    }
    return measured;
  }

  std::vector<SizedCosts> measure(const std::vector<double>& truth, const std::vector<std::uint64_t>& sizes,
                                  std::size_t rounds) {
    std::vector<SizedCosts> measured;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      SizedCosts& sized = measured.emplace_back(SizedCosts{sizes[i], {}});
      for (std::size_t round = 0; round < rounds; ++round) sized.costs.push_back({0, truth[i] * noise() * noise()});
    }
    return measured;
  }

 private:
  double noise() { return std::exp(half_ * normal_(random_)); }

  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  double half_;
};

}  // namespace xover::synthetic
