// Lines through the centres of the rounds, and again through those of their resamples.
#include "harness/analysis/cost_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/analysis/resampling.h"
#include "harness/analysis/straight_lines.h"

namespace xover {
namespace {

// What of a line is told with an interval, collected over the resamples.
struct Spread {
  std::vector<double> fixed, per_byte;

  void add(const StraightLine& line) {
    fixed.push_back(line.fixed);
    per_byte.push_back(line.per_byte);
  }
  CostLine around(const StraightLine& line) {
    return {percentile_interval(line.fixed, fixed), percentile_interval(line.per_byte, per_byte)};
  }
};

double centre_of(const Level& level) {
  return level.units.logs.size() < 2 ? level.units.logs.front() : level.estimate.log_centre;
}

std::vector<std::vector<SizedCost>> resampled_costs(const std::vector<SizedCost>& costs,
                                                    const std::vector<Level>& levels) {
  const auto centres = resampled_centres(levels, std::vector<double>(levels.size(), 1));
  std::vector<std::vector<SizedCost>> resampled(bootstrap_resamples, costs);
  for (std::size_t turn = 0; turn < bootstrap_resamples; ++turn) {
    for (std::size_t i = 0; i < costs.size(); ++i) resampled[turn][i].cost = std::exp(centres[i][turn]);
  }
  return resampled;
}

double error_percent(double squares, std::size_t sizes) {
  return 100 * std::sqrt(squares / static_cast<double>(sizes));
}

// None where one line is good enough, or two are not surely better.
std::optional<TwoLines> knee_in(const std::vector<SizedCost>& costs, const StraightLine& one) {
  if (error_percent(one.squares, costs.size()) < straight_enough_percent) return std::nullopt;
  const auto two = best_two_lines(costs, least_sizes_beside_knee);
  if (!two || chance_of_gain(costs, least_sizes_beside_knee) >= knee_significance) return std::nullopt;
  return two;
}

CostModel one_line(const StraightLine& line, const std::vector<std::vector<SizedCost>>& resampled) {
  Spread spread;
  for (const auto& costs : resampled) spread.add(line_through(costs));
  CostModel model;
  model.line = spread.around(line);
  model.error_percent = error_percent(line.squares, resampled.front().size());
  return model;
}

// Each resample has its own best split.
CostModel two_lines(const TwoLines& lines, const std::vector<std::vector<SizedCost>>& resampled) {
  Spread below, above;
  std::vector<double> knees;
  for (const auto& costs : resampled) {
    const auto drawn = best_two_lines(costs, least_sizes_beside_knee);
    below.add(drawn->below);
    above.add(drawn->above);
    knees.push_back(drawn->knee_bytes);
  }
  CostModel model;
  model.line = below.around(lines.below);
  model.knee = {percentile_interval(lines.knee_bytes, knees), above.around(lines.above)};
  model.error_percent = error_percent(lines.squares(), resampled.front().size());
  return model;
}

}  // namespace

std::optional<CostModel> cost_model_of(std::span<const SizedCosts> sizes, bool exact) {
  if (sizes.size() < least_sizes_for_costs) return std::nullopt;
  std::vector<Level> levels;
  std::vector<SizedCost> costs;
  for (const SizedCosts& size : sizes) {
    if (size.costs.empty() || (!exact && size.costs.size() < least_rounds_for_verdict)) return std::nullopt;
    levels.emplace_back(size.costs);
    if (!std::isfinite(levels.back().estimate.log_reach)) return std::nullopt;
    costs.push_back({static_cast<double>(size.size_bytes), std::exp(centre_of(levels.back()))});
  }
  const auto resampled = resampled_costs(costs, levels);
  const StraightLine line = line_through(costs);
  const auto knee = knee_in(costs, line);
  CostModel model = knee ? two_lines(*knee, resampled) : one_line(line, resampled);
  for (const SizedCosts& size : sizes) model.sizes_tested.push_back(size.size_bytes);
  model.virtual_time = exact;
  return model;
}

void find_cost_models(ResultDocument& document) {
  document.cost_models.clear();
  for (const CostSeries& series : cost_series(document)) {
    const bool of_one_size = document.plan.points[series.point_index].point.mix == Mix::fixed;
    if (series.metric == Metric::latency_p99 || !of_one_size) continue;
    auto model = cost_model_of(series.sizes, series.cell->virtual_time());
    if (!model) continue;
    model->point_index = series.point_index;
    model->variant = series.cell->variant.name();
    model->metric = series.metric;
    document.cost_models.push_back(std::move(*model));
  }
}

}  // namespace xover
