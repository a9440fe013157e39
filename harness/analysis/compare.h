// Comparisons: in each point, the first variant that ran on a link is the baseline of every other one on that link,
// paired round by round, so that what disturbs a round disturbs both. The first of a link is held against the first of
// all, which compares the links. Variants on different substrates, or of which one alone has a receiver, are never held
// against each other: there the baseline is the first of their own kind.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "harness/analysis/statistics.h"
#include "harness/experiment/result.h"

namespace xover {

// Fills in document.comparisons, with p-values adjusted by Holm over all comparisons of the run by the same metric.
// Two cells that both fill the link (`link_saturated`) are equal by goodput. The document must be summarised already.
void compare(ResultDocument& document);

// Whether one may be held against the other: the same substrate, and both with a receiver or both without.
bool comparable(const CellResult& a, const CellResult& b);
// Whether both ran on the same link, made with the same options.
bool same_link(const CellResult& a, const CellResult& b);

// (baseline, candidate) for each comparison that the cells of a point allow, in the order of the cells.
using CellPair = std::pair<const CellResult*, const CellResult*>;
std::vector<CellPair> comparable_pairs(const ResultDocument& document, std::size_t point_index);

// A ratio out of one round, absent where the two samples do not give it.
using RatioOf = std::function<std::optional<double>(const Sample& of_baseline, const Sample& of_candidate)>;

// The ratio in each round of the point that both cells took and that the gate accepted (or rejected).
std::vector<Observation> paired_ratios(const CellPair& pair, const RatioOf& ratio_of, bool accepted = true);
std::vector<Observation> paired_ratios(const CellPair& pair, Metric metric, bool accepted = true);

}  // namespace xover
