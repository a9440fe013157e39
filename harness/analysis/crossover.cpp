// Series of ratios over the sizes, where they cross, and how sure that is.
#include "harness/analysis/crossover.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <utility>

#include "harness/analysis/compare.h"
#include "harness/analysis/figures.h"

namespace xover {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The logarithm of the size from which on all ratios are above 1: -infinity where all of them are, infinity where that
// at the largest size is not.
double stays_ahead_from(const std::vector<double>& log_sizes, const std::vector<double>& log_ratios) {
  std::size_t ahead = log_ratios.size();
  while (ahead > 0 && log_ratios[ahead - 1] > 0) --ahead;
  if (ahead == log_ratios.size()) return infinity;
  if (ahead == 0) return -infinity;
  const double below = log_ratios[ahead - 1], above = log_ratios[ahead];
  const double step = log_sizes[ahead] - log_sizes[ahead - 1];
  return log_sizes[ahead - 1] + step * -below / (above - below);
}

// The ratio at one size, and what resampling makes of it.
struct Level {
  Units units;
  Estimate ratio;
  std::vector<double> resampled;  // log ratios
};

// Draws units with replacement. A start of the agents takes samples at every size, so restarts are drawn together for
// all sizes; rounds of different sizes have nothing to do with each other.
void resample(std::vector<Level>& levels) {
  const bool together = std::all_of(levels.begin(), levels.end(), [&](const Level& level) {
    return level.units.of_restarts && level.units.logs.size() == levels.front().units.logs.size();
  });
  std::mt19937_64 random(bootstrap_seed);
  std::vector<std::size_t> drawn;
  std::vector<double> logs;
  for (std::size_t turn = 0; turn < bootstrap_resamples; ++turn) {
    for (Level& level : levels) {
      if (!together || &level == &levels.front()) {
        std::uniform_int_distribution<std::size_t> index(0, level.units.logs.size() - 1);
        drawn.resize(level.units.logs.size());
        std::generate(drawn.begin(), drawn.end(), [&] { return index(random); });
      }
      logs.clear();
      for (const std::size_t unit : drawn) logs.push_back(level.units.logs[unit]);
      level.resampled.push_back(trimmed_centre(logs));
    }
  }
}

// Widens the resampled ratios about their centre until 95 % of them reach as far as the ratio's interval does.
void stretch(Level& level) {
  std::vector<double> distances;
  for (const double log : level.resampled) distances.push_back(std::fabs(log - level.ratio.log_centre));
  const auto rank = std::lround((1 - significance) * (bootstrap_resamples + 1)) - 1;
  std::nth_element(distances.begin(), distances.begin() + rank, distances.end());
  const double reached = distances[static_cast<std::size_t>(rank)];
  if (!(reached > 0)) return;
  const double factor = level.ratio.log_reach / reached;
  for (double& log : level.resampled) log = level.ratio.log_centre + factor * (log - level.ratio.log_centre);
}

// Where it crosses and the 95 % of that, as logarithms; infinite where it does not cross within the sizes.
Interval crossing(const std::vector<double>& log_sizes, std::vector<Level> levels) {
  resample(levels);
  std::vector<double> ratios;
  for (Level& level : levels) {
    stretch(level);
    ratios.push_back(level.ratio.log_centre);
  }
  Interval size;
  size.median = stays_ahead_from(log_sizes, ratios);
  std::vector<double> resampled;
  for (std::size_t turn = 0; turn < bootstrap_resamples; ++turn) {
    std::transform(levels.begin(), levels.end(), ratios.begin(), [&](const Level& of) { return of.resampled[turn]; });
    resampled.push_back(stays_ahead_from(log_sizes, ratios));
  }
  std::sort(resampled.begin(), resampled.end());
  const auto rank = static_cast<std::size_t>(std::lround(significance / 2 * (bootstrap_resamples + 1)));
  size.low = resampled[rank - 1];
  size.high = resampled[bootstrap_resamples - rank];
  return size;
}

enum class Side : std::uint8_t { ahead, behind, open };

std::vector<Side> sides_of(const std::vector<Level>& levels) {
  std::vector<double> p_values;
  for (const Level& level : levels) p_values.push_back(level.ratio.p_value);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::vector<Side> sides;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const Interval& ratio = levels[i].ratio.interval;
    const bool sure = adjusted[i] < significance && (ratio.low > 1 || ratio.high < 1);
    sides.push_back(!sure ? Side::open : ratio.low > 1 ? Side::ahead : Side::behind);
  }
  return sides;
}

// What the sizes say one by one; `at` where they leave it to the interval whether it crosses between them.
CrossoverVerdict verdict_of(const std::vector<Side>& sides) {
  const auto every = [&](Side side) { return std::count(sides.begin(), sides.end(), side) == std::ssize(sides); };
  const auto ahead = std::find(sides.begin(), sides.end(), Side::ahead);
  if (std::find(ahead, sides.end(), Side::behind) != sides.end()) return CrossoverVerdict::none;
  if (every(Side::ahead)) return CrossoverVerdict::below_tested;
  if (every(Side::behind)) return CrossoverVerdict::above_tested;
  const bool somewhere_behind = std::find(sides.begin(), sides.end(), Side::behind) != sides.end();
  return somewhere_behind ? CrossoverVerdict::at : CrossoverVerdict::not_separable;
}

Point without_size(Point point) {
  point.size_bytes = 0;
  return point;
}

// Above 1 the candidate is ahead, whatever the metric.
std::vector<Observation> ratios_of(const CellPair& pair, Metric metric) {
  std::vector<Observation> ratios = paired_ratios(pair, metric);
  if (larger_is_better(metric)) return ratios;
  for (Observation& ratio : ratios) ratio.value = 1 / ratio.value;
  return ratios;
}

// Two variants at one size.
struct Step {
  std::size_t point_index = 0;
  CellPair pair;
  SizedRatios measured;
};

// The same two at all sizes of a point that is otherwise one. Never empty.
struct Series {
  Point point;
  Metric metric = Metric::goodput;
  std::vector<Step> steps;  // sizes ascending, each once
};

bool belongs_to(const Series& series, const Point& point, Metric metric, const CellPair& pair) {
  const CellPair& other = series.steps.front().pair;
  return series.metric == metric && series.point == point && other.first->variant == pair.first->variant &&
         other.second->variant == pair.second->variant && comparable(*other.second, *pair.second);
}

// A size at which the metric has no figure (no cycle counter) was not tested by it.
void add_step(std::vector<Series>& all, const Point& point, Metric metric, Step step) {
  step.measured = {point.size_bytes, ratios_of(step.pair, metric)};
  if (step.measured.ratios.empty()) return;
  const Point anywhere = without_size(point);
  auto found = std::find_if(all.begin(), all.end(),
                            [&](const Series& series) { return belongs_to(series, anywhere, metric, step.pair); });
  if (found == all.end()) found = all.insert(all.end(), {anywhere, metric, {}});
  const auto at = std::lower_bound(
      found->steps.begin(), found->steps.end(), point.size_bytes,
      [](const Step& other, std::uint64_t size_bytes) { return other.measured.size_bytes < size_bytes; });
  // A point that the plan has twice is one size: its first rounds count.
  if (at == found->steps.end() || at->measured.size_bytes != point.size_bytes) found->steps.insert(at, std::move(step));
}

std::vector<Series> series_of(const ResultDocument& document) {
  std::vector<Series> all;
  for (std::size_t index = 0; index < document.plan.points.size(); ++index) {
    const Point& point = document.plan.points[index].point;
    for (const CellPair& pair : comparable_pairs(document, index)) {
      if (!same_link(*pair.first, *pair.second)) continue;
      for (const Metric metric : metrics_of(point.workload)) add_step(all, point, metric, {index, pair, {}});
    }
  }
  return all;
}

}  // namespace

std::optional<CrossoverEstimate> crossover_of(std::span<const SizedRatios> sizes) {
  if (sizes.size() < least_sizes_for_crossover) return std::nullopt;
  const auto few = [](const SizedRatios& size) { return size.ratios.size() < least_rounds_for_verdict; };
  if (std::any_of(sizes.begin(), sizes.end(), few)) return std::nullopt;

  std::vector<double> log_sizes;
  std::vector<Level> levels;
  for (const SizedRatios& size : sizes) {
    log_sizes.push_back(std::log2(static_cast<double>(size.size_bytes)));
    levels.push_back({units_of(size.ratios), estimate(size.ratios), {}});
  }
  assert(std::is_sorted(log_sizes.begin(), log_sizes.end(), std::less_equal<>()));
  CrossoverEstimate result{verdict_of(sides_of(levels)), {}};
  if (result.verdict != CrossoverVerdict::at) return result;
  // Rounds that are nearly all alike can leave a size without a finite interval: then nothing is known there.
  const auto unknown = [](const Level& level) { return !std::isfinite(level.ratio.log_reach); };
  if (std::any_of(levels.begin(), levels.end(), unknown)) return CrossoverEstimate{};
  const Interval at = crossing(log_sizes, std::move(levels));
  const bool within = std::isfinite(at.low) && std::isfinite(at.median) && std::isfinite(at.high);
  if (!within) return CrossoverEstimate{};
  result.size_bytes = {std::exp2(at.median), std::exp2(std::min(at.low, at.median)),
                       std::exp2(std::max(at.high, at.median))};
  return result;
}

std::optional<CrossoverEstimate> exact_crossover_of(std::span<const SizedRatios> sizes) {
  if (sizes.size() < least_sizes_for_crossover) return std::nullopt;
  std::vector<double> log_sizes, log_ratios;
  std::vector<Side> sides;
  for (const SizedRatios& size : sizes) {
    log_sizes.push_back(std::log2(static_cast<double>(size.size_bytes)));
    log_ratios.push_back(std::log(estimate(size.ratios).interval.median));
    sides.push_back(log_ratios.back() > 0 ? Side::ahead : log_ratios.back() < 0 ? Side::behind : Side::open);
  }
  CrossoverEstimate result{verdict_of(sides), {}};
  if (result.verdict != CrossoverVerdict::at) return result;
  const auto last_not_ahead = std::find_if(sides.rbegin(), sides.rend(), [](Side side) { return side != Side::ahead; });
  const auto next = static_cast<std::size_t>(sides.rend() - last_not_ahead);
  if (next == sides.size()) return CrossoverEstimate{};
  result.size_bytes = {std::exp2(stays_ahead_from(log_sizes, log_ratios)),
                       static_cast<double>(sizes[next - 1].size_bytes), static_cast<double>(sizes[next].size_bytes)};
  return result;
}

void find_crossovers(ResultDocument& document) {
  document.crossovers.clear();
  for (const Series& series : series_of(document)) {
    std::vector<SizedRatios> sizes;
    std::vector<std::uint64_t> sizes_tested;
    for (const Step& step : series.steps) {
      sizes.push_back(step.measured);
      sizes_tested.push_back(step.measured.size_bytes);
    }
    const Step& smallest = series.steps.front();
    const bool virtual_time = smallest.pair.second->virtual_time();
    const auto found = virtual_time ? exact_crossover_of(sizes) : crossover_of(sizes);
    if (!found) continue;
    document.crossovers.push_back({smallest.point_index, smallest.pair.first->variant.name(),
                                   smallest.pair.second->variant.name(), series.metric, found->verdict,
                                   found->size_bytes, std::move(sizes_tested), virtual_time});
  }
}

}  // namespace xover
