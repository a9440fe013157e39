// Resampling at several sizes at once: which units of evidence (statistics.h) are drawn, and how far their centres
// spread.
#pragma once

#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "harness/analysis/statistics.h"

namespace xover {

inline constexpr double normal_critical = 1.959964;  // standard deviations that hold 95 % of a normal distribution

// What was observed at one size.
struct Level {
  Units units;
  Estimate estimate;

  explicit Level(std::span<const Observation> observations);
  double standard_error() const;  // of estimate.log_centre; 0 with fewer than two units
};

// Units drawn with replacement, from the same seed each time. A start of the agents takes samples at every size, so
// restarts are drawn together for all sizes; rounds of different sizes have nothing to do with each other.
class UnitDraws {
 public:
  explicit UnitDraws(const std::vector<Level>& levels);

  void next();
  std::span<const std::size_t> of(std::size_t level) const { return drawn_[together_ ? 0 : level]; }
  bool together() const { return together_; }

 private:
  std::mt19937_64 random_{bootstrap_seed};
  std::vector<std::vector<std::size_t>> drawn_;
  bool together_ = false;
};

// bootstrap_resamples centres for each level, as logarithms: [level][turn].
//
// Few rounds resampled differ less than few rounds do. So at each size the resampled centres are stretched about the
// estimate's own, until as many standard deviations as hold 95 % of a normal distribution reach as far as its interval
// does, times `narrowed[level]`: 1, or less where several sizes together know their noise better than one does.
std::vector<std::vector<double>> resampled_centres(const std::vector<Level>& levels,
                                                   const std::vector<double>& narrowed);

// The same draws for other logarithms of the same units, not stretched: what went along with the figures judged.
std::vector<std::vector<double>> resampled_along(const std::vector<Level>& levels,
                                                 const std::vector<std::vector<double>>& logs);

// The 95 % of these, with `estimate` as its median: the interval is widened to hold it. Sorts its
// argument, which is not empty.
Interval percentile_interval(double estimate, std::vector<double>& resampled);

}  // namespace xover
