// Advice, and how it stands fresh rounds.
#include "harness/analysis/threshold.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "harness/analysis/compare.h"
#include "harness/analysis/crossover.h"

namespace xover {

namespace {

// What is lost at a size by the choice that a threshold makes there, as a logarithm; 0 when it is the better one.
double loss(const SizedRatios& size, std::uint64_t threshold_bytes) {
  const double ahead = estimate(size.ratios).log_centre;
  return std::max(0.0, size.size_bytes >= threshold_bytes ? -ahead : ahead);
}

struct Regret {
  double worst = 0, sum = 0;
  std::uint64_t worst_at = 0;
};

Regret regret(std::span<const SizedRatios> sizes, std::uint64_t threshold_bytes) {
  Regret regret;
  for (const SizedRatios& size : sizes) {
    const double lost = loss(size, threshold_bytes);
    regret.sum += lost;
    if (lost <= regret.worst) continue;
    regret.worst = lost;
    regret.worst_at = size.size_bytes;
  }
  return regret;
}

const Crossover* crossover_of_series(const ResultDocument& document, const RatioSeries& series) {
  const auto found = std::ranges::find_if(document.crossovers, [&](const Crossover& crossover) {
    return crossover.point_index == series.point_index && crossover.metric == series.metric &&
           crossover.baseline == series.baseline->variant.name() &&
           crossover.candidate == series.candidate->variant.name();
  });
  return found == document.crossovers.end() ? nullptr : &*found;
}

// The sizes with rounds enough, when the budget ended at the others: a document has no crossover then.
std::vector<SizedRatios> whole_sizes(const RatioSeries& series) {
  std::vector<SizedRatios> sizes = series.sizes;
  std::erase_if(sizes, [](const SizedRatios& size) { return size.ratios.size() < least_rounds_for_verdict; });
  return sizes;
}

void take_verdict(ThresholdAdvice& advice, CrossoverVerdict verdict, const Interval& size_bytes) {
  advice.judged = true;
  advice.verdict = verdict;
  advice.size_bytes = size_bytes;
  if (verdict == CrossoverVerdict::at) advice.threshold_bytes = rounded_size(size_bytes.median);
}

ThresholdAdvice advice_of(const ResultDocument& document, const RatioSeries& series) {
  ThresholdAdvice advice;
  advice.connections = document.plan.points[series.point_index].point.connections;
  advice.metric = series.metric;
  advice.sizes_tested = series.size_bytes();
  advice.threshold_bytes = least_regret(series.sizes);
  advice.virtual_time = series.candidate->virtual_time();
  if (const Crossover* crossover = crossover_of_series(document, series)) {
    take_verdict(advice, crossover->verdict, crossover->size_bytes);
  } else if (const auto estimate = crossover_of(whole_sizes(series)); estimate && !advice.virtual_time) {
    take_verdict(advice, estimate->verdict, estimate->size_bytes);
  }
  const Regret lost = regret(series.sizes, advice.threshold_bytes);
  advice.worst_loss = 1 - std::exp(-lost.worst);
  advice.worst_at = lost.worst_at;
  return advice;
}

const CellResult* cell_named(const ResultDocument& document, std::size_t point_index, std::string_view name) {
  const auto found = std::ranges::find_if(document.cells, [&](const CellResult& cell) {
    return cell.point_index == point_index && cell.variant.name() == name && !cell.rounds.empty();
  });
  return found == document.cells.end() ? nullptr : &*found;
}

RatioAt ratio_at(std::uint64_t size_bytes, const Estimate& estimate) {
  return {size_bytes, static_cast<std::uint32_t>(estimate.rounds), estimate.interval};
}

bool is_enough(const Estimate& estimate, const CellResult& cell) {
  return estimate.rounds >= (cell.virtual_time() ? 1 : least_rounds_for_verdict);
}

// A number that stands for itself has no interval round it.
bool surely_below(const RatioAt& at, double bound) { return at.rounds > 0 && at.ratio.high < bound; }
bool surely_above(const RatioAt& at, double bound) { return at.rounds > 0 && at.ratio.low > bound; }

// Without a transport that was given the threshold, the choice itself is judged.
Held held_by(const ThresholdCheck& check) {
  if (!check.automatic.empty()) {
    const bool worse =
        std::ranges::any_of(check.automatic, [](const RatioAt& at) { return surely_below(at, as_good_as); });
    return worse ? Held::no : Held::yes;
  }
  if (check.goodput.empty()) return Held::unmeasured;
  const bool wrong = std::ranges::any_of(check.goodput, [&](const RatioAt& at) {
    return at.size_bytes >= check.threshold_bytes ? surely_below(at, as_good_as) : surely_above(at, 1 / as_good_as);
  });
  return wrong ? Held::no : Held::yes;
}

}  // namespace

std::uint64_t rounded_size(double size_bytes) {
  const double step = std::exp2(std::floor(std::log2(std::max(size_bytes, 1.0))) - 4);
  return static_cast<std::uint64_t>(
      std::max(1.0, step < 1 ? std::round(size_bytes) : std::round(size_bytes / step) * step));
}

std::uint64_t least_regret(std::span<const SizedRatios> sizes) {
  std::uint64_t best_bytes = never_bytes;
  Regret best = regret(sizes, never_bytes);
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    const Regret lost = regret(sizes, size->size_bytes);
    if (std::pair(lost.worst, lost.sum) >= std::pair(best.worst, best.sum)) continue;
    best = lost;
    best_bytes = size->size_bytes;
  }
  return best_bytes;
}

std::vector<ThresholdAdvice> advise(const ResultDocument& document) {
  std::vector<ThresholdAdvice> advice;
  for (const RatioSeries& series : ratio_series(document)) advice.push_back(advice_of(document, series));
  return advice;
}

std::optional<RatioAt> over_the_better(const ResultDocument& document, std::size_t point_index, std::string_view one,
                                       std::string_view first, std::string_view second) {
  const CellResult* cell = cell_named(document, point_index, one);
  const CellResult* a = cell_named(document, point_index, first);
  const CellResult* b = cell_named(document, point_index, second);
  if (cell == nullptr || (a == nullptr && b == nullptr)) return std::nullopt;
  const bool b_is_better = a == nullptr || (b != nullptr && b->goodput_gbps.median > a->goodput_gbps.median);
  const Estimate ratio = estimate(paired_ratios({b_is_better ? b : a, cell}, Metric::goodput));
  if (!is_enough(ratio, *cell)) return std::nullopt;
  return ratio_at(document.plan.points[point_index].point.size_bytes, ratio);
}

ThresholdCheck check_threshold(const ResultDocument& document, const ThresholdAdvice& advice, std::string_view copy,
                               std::string_view zerocopy, std::string_view automatic) {
  ThresholdCheck check;
  check.connections = advice.connections;
  check.threshold_bytes = advice.threshold_bytes;
  for (std::size_t index = 0; index < document.plan.points.size(); ++index) {
    const Point& point = document.plan.points[index].point;
    if (point.connections != advice.connections) continue;
    const CellResult* baseline = cell_named(document, index, copy);
    const CellResult* candidate = cell_named(document, index, zerocopy);
    if (baseline == nullptr || candidate == nullptr) continue;
    for (const auto& [metric, list] :
         {std::pair{Metric::goodput, &check.goodput}, std::pair{Metric::cpu, &check.cpu}}) {
      std::vector<Observation> ratios = paired_ratios({baseline, candidate}, metric);
      if (metric == Metric::cpu)
        for (Observation& ratio : ratios) ratio.value = 1 / ratio.value;
      const Estimate ratio = estimate(ratios);
      if (is_enough(ratio, *candidate)) list->push_back(ratio_at(point.size_bytes, ratio));
    }
    if (const auto ratio = over_the_better(document, index, automatic, copy, zerocopy))
      check.automatic.push_back(*ratio);
  }
  for (auto* list : {&check.goodput, &check.cpu, &check.automatic}) std::ranges::sort(*list, {}, &RatioAt::size_bytes);
  check.held = held_by(check);
  return check;
}

}  // namespace xover
