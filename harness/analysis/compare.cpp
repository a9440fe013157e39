// Pairs of cells, their paired ratios, and the verdicts.
#include "harness/analysis/compare.h"

#include <algorithm>
#include <map>

#include "harness/analysis/figures.h"
#include "harness/analysis/saturation.h"

namespace xover {
namespace {

using RoundNumber = std::pair<std::uint32_t, std::uint32_t>;  // restart, round

// Two that fill one link are equal by it, however small the noise that is left.
void equal_by_full_link(ResultDocument& document) {
  for (Comparison& comparison : document.comparisons) {
    if (comparison.metric != Metric::goodput || comparison.verdict == Verdict::too_few_rounds) continue;
    const auto cell = [&](const std::string& name) {
      return std::find_if(document.cells.begin(), document.cells.end(), [&](const CellResult& one) {
        return one.point_index == comparison.point_index && one.variant.name() == name;
      });
    };
    if (both_fill_the_link(*cell(comparison.baseline), *cell(comparison.candidate)))
      comparison.verdict = Verdict::indistinguishable;
  }
}

Comparison compare_pair(const CellPair& pair, Metric metric) {
  const auto& [baseline, candidate] = pair;
  const Estimate ratio = estimate(paired_ratios(pair, metric));
  Comparison comparison;
  comparison.point_index = baseline->point_index;
  comparison.baseline = baseline->variant.name();
  comparison.candidate = candidate->variant.name();
  comparison.metric = metric;
  comparison.rounds = static_cast<std::uint32_t>(ratio.rounds);
  comparison.ratio = ratio.interval;
  comparison.p_value = ratio.p_value;
  comparison.virtual_time = candidate->virtual_time();
  return comparison;
}

// A model's figures are what they are: they have no chance in them that rounds would average out.
Verdict exact_verdict_of(const Comparison& comparison) {
  if (comparison.ratio.median == 1) return Verdict::indistinguishable;
  return (comparison.ratio.median > 1) == larger_is_better(comparison.metric) ? Verdict::faster : Verdict::slower;
}

Verdict verdict_of(const Comparison& comparison) {
  if (comparison.virtual_time) return exact_verdict_of(comparison);
  if (comparison.rounds < least_rounds_for_verdict) return Verdict::too_few_rounds;
  const bool larger = comparison.ratio.low > 1, smaller = comparison.ratio.high < 1;
  if (comparison.adjusted_p_value >= significance || !(larger || smaller)) return Verdict::indistinguishable;
  return larger == larger_is_better(comparison.metric) ? Verdict::faster : Verdict::slower;
}

// Comparisons that get no verdict take no part: they ask no question that could be answered wrongly.
void adjust(std::vector<Comparison>& comparisons, Metric metric) {
  std::vector<Comparison*> family;
  std::vector<double> p_values;
  for (Comparison& comparison : comparisons) {
    if (comparison.metric != metric || comparison.rounds < least_rounds_for_verdict || comparison.virtual_time)
      continue;
    family.push_back(&comparison);
    p_values.push_back(comparison.p_value);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < family.size(); ++i) family[i]->adjusted_p_value = adjusted[i];
}

// Null: the cell is the first of its kind. It stands among `cells` itself, which are in the order of the plan.
const CellResult* baseline_of(const CellResult& cell, const std::vector<const CellResult*>& cells) {
  const auto first = [&](auto&& fits) -> const CellResult* {
    const auto found = std::find_if(cells.begin(), cells.end(),
                                    [&](const CellResult* other) { return comparable(*other, cell) && fits(*other); });
    return found == cells.end() || *found == &cell ? nullptr : *found;
  };
  const CellResult* on_its_link = first([&](const CellResult& other) { return same_link(other, cell); });
  return on_its_link != nullptr ? on_its_link : first([](const CellResult&) { return true; });
}

}  // namespace

bool comparable(const CellResult& a, const CellResult& b) {
  return a.substrate == b.substrate && a.has_receiver == b.has_receiver;
}

// Cells carry the link that they ran on: the plan fills in the point's where a variant names none.
bool same_link(const CellResult& a, const CellResult& b) { return a.variant.link == b.variant.link; }

std::vector<CellPair> comparable_pairs(const ResultDocument& document, std::size_t point_index) {
  std::vector<const CellResult*> cells;
  for (const CellResult& cell : document.cells) {
    if (cell.point_index == point_index && cell.status == CellStatus::ok) cells.push_back(&cell);
  }
  std::vector<CellPair> pairs;
  for (const CellResult* candidate : cells) {
    const CellResult* baseline = baseline_of(*candidate, cells);
    if (baseline != nullptr) pairs.emplace_back(baseline, candidate);
  }
  return pairs;
}

std::vector<Observation> paired_ratios(const CellPair& pair, const RatioOf& ratio_of, bool accepted) {
  const auto& [baseline, candidate] = pair;
  std::map<RoundNumber, const Sample*> of_baseline;
  for (const RoundRecord& round : baseline->rounds) {
    if (round.accepted == accepted) of_baseline.emplace(RoundNumber(round.restart, round.round), &round.sample);
  }
  std::vector<Observation> ratios;
  for (const RoundRecord& round : candidate->rounds) {
    const auto partner = of_baseline.find({round.restart, round.round});
    if (round.accepted != accepted || partner == of_baseline.end()) continue;
    if (const auto ratio = ratio_of(*partner->second, round.sample)) ratios.push_back({round.restart, *ratio});
    of_baseline.erase(partner);  // a round pairs once
  }
  return ratios;
}

std::vector<Observation> paired_ratios(const CellPair& pair, Metric metric, bool accepted) {
  const CellResult &baseline = *pair.first, &candidate = *pair.second;
  auto ratio_of = [&](const Sample& of_baseline, const Sample& of_candidate) -> std::optional<double> {
    // Cycles counted in two ways are two quantities.
    if (metric == Metric::cpu && cycle_source(baseline, of_baseline) != cycle_source(candidate, of_candidate))
      return {};
    const auto below = metric_figure(metric, baseline, of_baseline);
    const auto above = metric_figure(metric, candidate, of_candidate);
    if (!below || !above) return {};
    return *above / *below;
  };
  return paired_ratios(pair, ratio_of, accepted);
}

void compare(ResultDocument& document) {
  document.comparisons.clear();
  for (std::size_t index = 0; index < document.plan.points.size(); ++index) {
    for (const CellPair& pair : comparable_pairs(document, index)) {
      for (Metric metric : metrics_of(document.plan.points[index].point.workload)) {
        Comparison comparison = compare_pair(pair, metric);
        if (comparison.rounds > 0) document.comparisons.push_back(std::move(comparison));
      }
    }
  }
  for (Metric metric : {Metric::goodput, Metric::cpu, Metric::latency_p50, Metric::latency_p99}) {
    adjust(document.comparisons, metric);
  }
  for (Comparison& comparison : document.comparisons) comparison.verdict = verdict_of(comparison);
  equal_by_full_link(document);
}

}  // namespace xover
