// The looks, and the widths that are judged at them.
#include "harness/analysis/stopping.h"

#include <algorithm>

#include "harness/analysis/compare.h"
#include "harness/analysis/figures.h"

namespace xover {
namespace {

// What has to become narrow: the paired ratios, or each cell's figure where the point has nothing to compare.
std::vector<std::vector<Observation>> watched(const ResultDocument& document, std::size_t point_index, Metric metric) {
  std::vector<std::vector<Observation>> series;
  for (const CellPair& pair : comparable_pairs(document, point_index)) series.push_back(paired_ratios(pair, metric));
  if (!series.empty()) return series;
  for (const CellResult& cell : document.cells) {
    if (cell.point_index != point_index || cell.status != CellStatus::ok) continue;
    series.push_back(observations(
        cell, [metric](const CellResult& of, const Sample& sample) { return metric_figure(metric, of, sample); }));
  }
  return series;
}

std::uint32_t accepted_rounds(const ResultDocument& document, std::size_t point_index) {
  std::ptrdiff_t most = 0;
  for (const CellResult& cell : document.cells) {
    if (cell.point_index != point_index) continue;
    most = std::max(most, std::count_if(cell.rounds.begin(), cell.rounds.end(),
                                        [](const RoundRecord& round) { return round.accepted; }));
  }
  return static_cast<std::uint32_t>(most);
}

}  // namespace

bool is_preset_look(std::uint32_t rounds) {
  std::uint32_t look = 10;
  while (look < rounds) look *= 2;
  return rounds == look || (rounds > 10 && rounds == look / 4 * 3);  // a doubling, or half-way between two
}

bool narrow_enough(const ResultDocument& document, std::size_t point_index) {
  if (!is_preset_look(accepted_rounds(document, point_index))) return false;
  const Metric metric = metrics_of(document.plan.points[point_index].point.workload).front();
  const auto series = watched(document, point_index, metric);
  return !series.empty() && std::all_of(series.begin(), series.end(), [&](const std::vector<Observation>& values) {
    return values.size() >= least_rounds_for_verdict &&
           width_percent(estimate(values).interval) <= document.plan.stop_width_percent;
  });
}

}  // namespace xover
