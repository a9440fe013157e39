// Series over the sizes: what the points of a run that differ in nothing but the size say together, for one pair of
// variants or for one variant, by one metric.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/analysis/statistics.h"
#include "harness/experiment/result.h"

namespace xover {

// Paired ratios at one size: above 1 the candidate is ahead, whatever the metric.
struct SizedRatios {
  std::uint64_t size_bytes = 0;
  std::vector<Observation> ratios;
  // Of the same rounds in the same order, what a message costs: the geometric mean of both, in any one unit. Empty: not
  // known; it only tells how the curve between the sizes is bent.
  std::vector<Observation> costs;
};

// Two variants that compare() holds against each other on one link, at all sizes of a point that is otherwise one.
struct RatioSeries {
  std::size_t point_index = 0;           // of the smallest size
  const CellResult* baseline = nullptr;  // both of the smallest size, in the document
  const CellResult* candidate = nullptr;
  Metric metric = Metric::goodput;
  std::vector<SizedRatios> sizes;  // ascending, each once, each with a ratio at least

  std::vector<std::uint64_t> size_bytes() const;
};

// In the order of the plan: first by the point of the first size, then as compare() has the pairs. A size at which the
// metric has no figure was not tested by it. A point that the plan has twice is one size: its first rounds count.
std::vector<RatioSeries> ratio_series(const ResultDocument& document);

// What a message costs one variant at one size: nanoseconds, or cycles by CPU. One observation for each round.
struct SizedCosts {
  std::uint64_t size_bytes = 0;
  std::vector<Observation> costs;
};

struct CostSeries {
  std::size_t point_index = 0;       // of the smallest size
  const CellResult* cell = nullptr;  // of the smallest size, in the document
  Metric metric = Metric::goodput;
  std::vector<SizedCosts> sizes;  // ascending, each once, each with a cost at least
};

// The same for each variant by itself.
std::vector<CostSeries> cost_series(const ResultDocument& document);

// From a figure of `metric` (figures.h) to what a message of this size costs: nanoseconds from one message to the next
// with all connections together, cycles of both sides, or nanoseconds of latency.
double message_cost(Metric metric, std::uint64_t size_bytes, double figure);

}  // namespace xover
