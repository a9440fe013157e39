// Draws, and the stretching of what comes out.
#include "harness/analysis/resampling.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "harness/analysis/student_t.h"

namespace xover {
namespace {

using Centres = std::vector<std::vector<double>>;

Centres drawn_centres(const std::vector<Level>& levels, const std::vector<const std::vector<double>*>& logs) {
  UnitDraws draws(levels);
  Centres centres(levels.size());
  std::vector<double> drawn;
  for (std::size_t turn = 0; turn < bootstrap_resamples; ++turn) {
    draws.next();
    for (std::size_t level = 0; level < levels.size(); ++level) {
      drawn.clear();
      for (const std::size_t unit : draws.of(level)) drawn.push_back((*logs[level])[unit]);
      centres[level].push_back(drawn.size() < 2 ? drawn.front() : trimmed_centre(drawn));
    }
  }
  return centres;
}

void stretch(std::vector<double>& centres, const Estimate& estimate, double narrowed) {
  if (estimate.degrees_of_freedom <= 0) return;  // one unit: it is what it is
  double squares = 0;
  for (const double log : centres) squares += std::pow(log - estimate.log_centre, 2);
  const double spread = std::sqrt(squares / static_cast<double>(centres.size()));
  if (!(spread > 0)) return;
  const double factor = narrowed * estimate.log_reach / normal_critical / spread;
  for (double& log : centres) log = estimate.log_centre + factor * (log - estimate.log_centre);
}

}  // namespace

Level::Level(std::span<const Observation> observations)
    : units(units_of(observations)), estimate(xover::estimate(observations)) {}

double Level::standard_error() const {
  if (estimate.degrees_of_freedom <= 0) return 0;
  return estimate.log_reach / student_t_critical(significance, estimate.degrees_of_freedom);
}

UnitDraws::UnitDraws(const std::vector<Level>& levels) {
  for (const Level& level : levels) drawn_.emplace_back(level.units.logs.size());
  together_ = std::all_of(levels.begin(), levels.end(), [&](const Level& level) {
    return level.units.of_restarts && level.units.logs.size() == levels.front().units.logs.size();
  });
}

void UnitDraws::next() {
  for (std::vector<std::size_t>& drawn : drawn_) {
    std::uniform_int_distribution<std::size_t> index(0, drawn.size() - 1);
    std::generate(drawn.begin(), drawn.end(), [&] { return index(random_); });
    if (together_) return;
  }
}

Centres resampled_centres(const std::vector<Level>& levels, const std::vector<double>& narrowed) {
  std::vector<const std::vector<double>*> logs;
  for (const Level& level : levels) logs.push_back(&level.units.logs);
  Centres centres = drawn_centres(levels, logs);
  for (std::size_t level = 0; level < levels.size(); ++level)
    stretch(centres[level], levels[level].estimate, narrowed[level]);
  return centres;
}

Centres resampled_along(const std::vector<Level>& levels, const std::vector<std::vector<double>>& logs) {
  std::vector<const std::vector<double>*> along;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    assert(logs[level].size() == levels[level].units.logs.size());
    along.push_back(&logs[level]);
  }
  return drawn_centres(levels, along);
}

Interval percentile_interval(double estimate, std::vector<double>& resampled) {
  std::sort(resampled.begin(), resampled.end());
  const double exact = significance / 2 * static_cast<double>(resampled.size() + 1);
  const auto rank = static_cast<std::size_t>(std::max(1L, std::lround(exact)));
  return {estimate, std::min(estimate, resampled[rank - 1]), std::max(estimate, resampled[resampled.size() - rank])};
}

}  // namespace xover
