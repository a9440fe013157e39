// Points joined by all that is the same but their size.
#include "harness/analysis/series.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/analysis/compare.h"
#include "harness/analysis/figures.h"

namespace xover {
namespace {

Point without_size(Point point) {
  point.size_bytes = 0;
  return point;
}

const Point& point_of(const ResultDocument& document, std::size_t index) { return document.plan.points[index].point; }

bool differ_in_size_alone(const ResultDocument& document, std::size_t a, std::size_t b) {
  return without_size(point_of(document, a)) == without_size(point_of(document, b));
}

// Whether it was the smallest so far, and the series begins with it now.
template <typename Sized>
bool insert_by_size(std::vector<Sized>& sizes, Sized sized) {
  const auto at = std::lower_bound(sizes.begin(), sizes.end(), sized.size_bytes,
                                   [](const Sized& other, std::uint64_t size) { return other.size_bytes < size; });
  if (at != sizes.end() && at->size_bytes == sized.size_bytes) return false;
  return sizes.insert(at, std::move(sized)) == sizes.begin();
}

SizedRatios sized_ratios(const CellPair& pair, Metric metric, std::uint64_t size_bytes) {
  SizedRatios sized{size_bytes, paired_ratios(pair, metric), {}};
  if (!larger_is_better(metric)) {
    for (Observation& ratio : sized.ratios) ratio.value = 1 / ratio.value;
  }
  sized.costs = paired_ratios(pair, [&](const Sample& first, const Sample& second) -> std::optional<double> {
    const auto below = metric_figure(metric, *pair.first, first), above = metric_figure(metric, *pair.second, second);
    if (!below || !above) return {};
    return std::sqrt(message_cost(metric, size_bytes, *below) * message_cost(metric, size_bytes, *above));
  });
  if (sized.costs.size() != sized.ratios.size()) sized.costs.clear();
  return sized;
}

void add_pair(std::vector<RatioSeries>& all, const ResultDocument& document, std::size_t index, const CellPair& pair,
              Metric metric) {
  SizedRatios sized = sized_ratios(pair, metric, point_of(document, index).size_bytes);
  if (sized.ratios.empty()) return;
  auto found = std::find_if(all.begin(), all.end(), [&](const RatioSeries& series) {
    return series.metric == metric && differ_in_size_alone(document, series.point_index, index) &&
           series.baseline->variant == pair.first->variant && series.candidate->variant == pair.second->variant &&
           comparable(*series.candidate, *pair.second);
  });
  if (found == all.end()) found = all.insert(all.end(), {index, pair.first, pair.second, metric, {}});
  if (!insert_by_size(found->sizes, std::move(sized))) return;
  found->point_index = index;
  found->baseline = pair.first;
  found->candidate = pair.second;
}

void add_cell(std::vector<CostSeries>& all, const ResultDocument& document, const CellResult& cell, Metric metric) {
  const std::uint64_t size_bytes = point_of(document, cell.point_index).size_bytes;
  SizedCosts sized{size_bytes, observations(cell, [&](const CellResult& of, const Sample& sample) {
                     const auto figure = metric_figure(metric, of, sample);
                     return figure ? std::optional(message_cost(metric, size_bytes, *figure)) : std::nullopt;
                   })};
  if (sized.costs.empty()) return;
  auto found = std::find_if(all.begin(), all.end(), [&](const CostSeries& series) {
    return series.metric == metric && differ_in_size_alone(document, series.point_index, cell.point_index) &&
           series.cell->variant == cell.variant && comparable(*series.cell, cell);
  });
  if (found == all.end()) found = all.insert(all.end(), {cell.point_index, &cell, metric, {}});
  if (!insert_by_size(found->sizes, std::move(sized))) return;
  found->point_index = cell.point_index;
  found->cell = &cell;
}

}  // namespace

std::vector<std::uint64_t> RatioSeries::size_bytes() const {
  std::vector<std::uint64_t> bytes;
  for (const SizedRatios& size : sizes) bytes.push_back(size.size_bytes);
  return bytes;
}

std::vector<RatioSeries> ratio_series(const ResultDocument& document) {
  std::vector<RatioSeries> all;
  for (std::size_t index = 0; index < document.plan.points.size(); ++index) {
    for (const CellPair& pair : comparable_pairs(document, index)) {
      if (!same_link(*pair.first, *pair.second)) continue;
      for (const Metric metric : metrics_of(point_of(document, index).workload))
        add_pair(all, document, index, pair, metric);
    }
  }
  return all;
}

std::vector<CostSeries> cost_series(const ResultDocument& document) {
  std::vector<CostSeries> all;
  for (const CellResult& cell : document.cells) {
    if (cell.status != CellStatus::ok) continue;
    for (const Metric metric : metrics_of(point_of(document, cell.point_index).workload))
      add_cell(all, document, cell, metric);
  }
  return all;
}

double message_cost(Metric metric, std::uint64_t size_bytes, double figure) {
  const auto bytes = static_cast<double>(size_bytes);
  switch (metric) {
    case Metric::goodput: return 8 * bytes / figure;  // a Gbit/s is a bit each nanosecond
    case Metric::cpu: return bytes * figure;
    case Metric::latency_p50:
    case Metric::latency_p99: return 1e3 * figure;
  }
  return 0;
}

}  // namespace xover
