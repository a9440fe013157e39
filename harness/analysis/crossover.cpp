// Series of ratios over the sizes, where they cross, and how sure that is.
#include "harness/analysis/crossover.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <utility>

#include "harness/analysis/crossing.h"
#include "harness/analysis/resampling.h"
#include "harness/analysis/student_t.h"

namespace xover {
namespace {

using Logs = std::vector<std::vector<double>>;  // for each size

// Of the costs that go along with the ratios; empty where they are not known at every size.
Logs cost_logs(std::span<const SizedRatios> sizes) {
  Logs logs;
  for (const SizedRatios& size : sizes) {
    if (size.costs.size() != size.ratios.size()) return {};
    logs.push_back(units_of(size.costs).logs);
  }
  return logs;
}

std::vector<CurvePoint> curve_of(std::span<const SizedRatios> sizes, const std::vector<Level>& levels, Logs costs) {
  std::vector<CurvePoint> curve;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double cost = costs.empty() ? 0 : std::exp(trimmed_centre(costs[i]));
    curve.push_back({static_cast<double>(sizes[i].size_bytes), levels[i].estimate.log_centre, cost,
                     levels[i].standard_error(), levels[i].estimate.degrees_of_freedom});
  }
  return curve;
}

// What resampling makes of the curve: the whole of crossing_of() again, each time.
struct Resampled {
  std::vector<double> log_sizes;
  std::vector<double> fixed, per_byte;  // of the resamples to which straight lines fitted
};

Resampled resample(const std::vector<CurvePoint>& curve, const Crossing& found, const std::vector<Level>& levels,
                   const Logs& costs) {
  std::vector<double> narrowed(levels.size(), 1);
  double noise = 2;  // of the rounds, and of their drawing
  if (!UnitDraws(levels).together()) {
    const double joint = student_t_critical(significance, joint_degrees_of_freedom(curve, found));
    noise = 1 + std::pow(joint / normal_critical, 2);
    for (std::size_t i = 0; i < levels.size(); ++i)
      narrowed[i] = joint / student_t_critical(significance, levels[i].estimate.degrees_of_freedom);
  }
  const Logs ratios = resampled_centres(levels, narrowed);
  const Logs along = costs.empty() ? Logs{} : resampled_along(levels, costs);
  Resampled resampled;
  std::vector<CurvePoint> drawn = curve;
  for (std::size_t turn = 0; turn < bootstrap_resamples; ++turn) {
    for (std::size_t i = 0; i < curve.size(); ++i) {
      drawn[i].log_ratio = ratios[i][turn];
      if (!costs.empty()) drawn[i].cost = std::exp(along[i][turn]);
    }
    const Crossing crossing = crossing_of(drawn, noise);
    resampled.log_sizes.push_back(crossing.log_size);
    if (!crossing.fitted) continue;
    resampled.fixed.push_back(crossing.fixed);
    resampled.per_byte.push_back(crossing.per_byte);
  }
  return resampled;
}

// Absent where the interval does not lie within the sizes.
std::optional<CrossoverEstimate> within_sizes(std::span<const SizedRatios> sizes, const std::vector<Level>& levels) {
  const Logs costs = cost_logs(sizes);
  const std::vector<CurvePoint> curve = curve_of(sizes, levels, costs);
  const Crossing found = crossing_of(curve, 1);
  if (!std::isfinite(found.log_size)) return std::nullopt;
  Resampled resampled = resample(curve, found, levels, costs);
  const Interval at = percentile_interval(found.log_size, resampled.log_sizes);
  CrossoverEstimate result{CrossoverVerdict::at, {std::exp(at.median), std::exp(at.low), std::exp(at.high)}, {}};
  const Interval& size = result.size_bytes;
  if (!(size.low >= curve.front().size_bytes && size.high <= curve.back().size_bytes)) return std::nullopt;
  const bool mostly_fitted = resampled.fixed.size() >= bootstrap_resamples * 9 / 10;
  if (found.fitted && mostly_fitted) {
    result.why = {percentile_interval(found.fixed, resampled.fixed),
                  percentile_interval(found.per_byte, resampled.per_byte)};
  }
  return result;
}

enum class Side : std::uint8_t { ahead, behind, open };

std::vector<Side> sides_of(const std::vector<Level>& levels) {
  std::vector<double> p_values;
  for (const Level& level : levels) p_values.push_back(level.estimate.p_value);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::vector<Side> sides;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const Interval& ratio = levels[i].estimate.interval;
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

// The straight line between two sizes that the difference of the costs is exactly on; none where they are not known.
std::optional<CostDifference> exact_difference(const CurvePoint& below, const CurvePoint& above) {
  if (!(below.cost > 0) || !(above.cost > 0)) return std::nullopt;
  // Of the geometric mean of two costs and the logarithm of their ratio: the candidate's less the baseline's.
  const auto difference = [](const CurvePoint& point) { return -2 * point.cost * std::sinh(point.log_ratio / 2); };
  const double per_byte = (difference(above) - difference(below)) / (above.size_bytes - below.size_bytes);
  const double fixed = difference(below) - per_byte * below.size_bytes;
  return CostDifference{{fixed, fixed, fixed}, {per_byte, per_byte, per_byte}};
}

}  // namespace

std::optional<CrossoverEstimate> crossover_of(std::span<const SizedRatios> sizes) {
  if (sizes.size() < least_sizes_for_crossover) return std::nullopt;
  const auto few = [](const SizedRatios& size) { return size.ratios.size() < least_rounds_for_verdict; };
  if (std::any_of(sizes.begin(), sizes.end(), few)) return std::nullopt;

  assert(std::is_sorted(sizes.begin(), sizes.end(),
                        [](const SizedRatios& a, const SizedRatios& b) { return a.size_bytes <= b.size_bytes; }));
  std::vector<Level> levels;
  for (const SizedRatios& size : sizes) levels.emplace_back(size.ratios);
  if (const auto verdict = verdict_of(sides_of(levels)); verdict != CrossoverVerdict::at)
    return CrossoverEstimate{verdict, {}, {}};
  // Rounds that are nearly all alike can leave a size without a finite interval: then nothing is known there.
  const auto unknown = [](const Level& level) { return !std::isfinite(level.estimate.log_reach); };
  if (std::any_of(levels.begin(), levels.end(), unknown)) return CrossoverEstimate{};
  return within_sizes(sizes, levels).value_or(CrossoverEstimate{});
}

std::optional<CrossoverEstimate> exact_crossover_of(std::span<const SizedRatios> sizes) {
  if (sizes.size() < least_sizes_for_crossover) return std::nullopt;
  std::vector<CurvePoint> curve;
  std::vector<Side> sides;
  for (const SizedRatios& size : sizes) {
    const double log_ratio = std::log(estimate(size.ratios).interval.median);
    const double cost = size.costs.empty() ? 0 : estimate(size.costs).interval.median;
    curve.push_back({static_cast<double>(size.size_bytes), log_ratio, cost, 0, 0});
    sides.push_back(log_ratio > 0 ? Side::ahead : log_ratio < 0 ? Side::behind : Side::open);
  }
  CrossoverEstimate result{verdict_of(sides), {}, {}};
  if (result.verdict != CrossoverVerdict::at) return result;
  const auto last_not_ahead = std::find_if(sides.rbegin(), sides.rend(), [](Side side) { return side != Side::ahead; });
  const auto next = static_cast<std::size_t>(sides.rend() - last_not_ahead);
  if (next == sides.size()) return CrossoverEstimate{};
  result.size_bytes = {std::exp(crossing_of(curve, 0).log_size), curve[next - 1].size_bytes, curve[next].size_bytes};
  if (const auto why = exact_difference(curve[next - 1], curve[next])) {
    result.why = why;
    result.size_bytes.median = -why->fixed.median / why->per_byte.median;
  }
  return result;
}

Confirmation confirmation_of(const SizedRatios& fresh) {
  constexpr double about_equal = 0.05;
  const Estimate ratio = estimate(fresh.ratios);
  const bool agrees =
      ratio.rounds > 0 && ratio.interval.low <= 1 + about_equal && ratio.interval.high >= 1 - about_equal;
  return {fresh.size_bytes, static_cast<std::uint32_t>(ratio.rounds), ratio.interval, agrees};
}

void find_crossovers(ResultDocument& document) {
  document.crossovers.clear();
  for (const RatioSeries& series : ratio_series(document)) {
    const bool virtual_time = series.candidate->virtual_time();
    const auto found = virtual_time ? exact_crossover_of(series.sizes) : crossover_of(series.sizes);
    if (!found) continue;
    document.crossovers.push_back({series.point_index,
                                   series.baseline->variant.name(),
                                   series.candidate->variant.name(),
                                   series.metric,
                                   found->verdict,
                                   found->size_bytes,
                                   series.size_bytes(),
                                   virtual_time,
                                   found->why,
                                   {}});
  }
}

}  // namespace xover
