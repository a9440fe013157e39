// Restart figures, borrowed variances, Welch's t against a least difference, Holm.
#include "harness/analysis/two_runs.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <map>

#include "harness/analysis/borrowed_variance.h"
#include "harness/analysis/student_t.h"

namespace xover {

namespace {

// Figures have a resolution, so that restarts may come out equal; no variance is taken to be less than this. The
// histograms know a latency to 0.1 %.
constexpr double least_variance = 1e-3 * 1e-3;

bool enough(const RestartFigures& figures) {
  return figures.logs.size() >= least_restarts_for_diff && figures.rounds >= least_rounds_for_verdict;
}

bool judged(const FigurePair& pair) { return !pair.virtual_time && enough(pair.a) && enough(pair.b); }

// Of the restarts, as their trimmed mean has it.
Spread spread_of(const RestartFigures& figures) {
  std::vector<Observation> restarts;
  for (const double log : figures.logs)
    restarts.push_back({static_cast<std::uint32_t>(restarts.size()), std::exp(log)});
  const Estimate known = estimate(restarts);
  const double standard_error = known.log_reach / student_t_critical(significance, known.degrees_of_freedom);
  const double variance = standard_error * standard_error * static_cast<double>(restarts.size());
  return {std::max(variance, least_variance), known.degrees_of_freedom};
}

// The spreads of one run, in the order of the pairs; of pairs that are judged only.
std::vector<Spread> spreads_of(std::span<const FigurePair> pairs, RestartFigures FigurePair::* run) {
  std::vector<Spread> spreads(pairs.size());
  std::map<Metric, std::vector<std::size_t>> of_metric;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (judged(pairs[i])) of_metric[pairs[i].metric].push_back(i);
  for (const auto& [metric, members] : of_metric) {
    std::vector<Spread> own;
    for (const std::size_t i : members) own.push_back(spread_of(pairs[i].*run));
    const std::vector<Spread> firmer = with_borrowed(own);
    for (std::size_t i = 0; i < members.size(); ++i) spreads[members[i]] = firmer[i];
  }
  return spreads;
}

// The chance of a distance like this or a greater one when the true one is `least_log`, to either side: what "no
// farther than that" makes likeliest.
double p_of_farther(double log_ratio, double least_log, double standard_error, double degrees) {
  const auto beyond = [&](double distance) {
    const double two_sided = student_t_two_sided_p(distance / standard_error, degrees);
    return distance >= 0 ? two_sided / 2 : 1 - two_sided / 2;
  };
  const double reached = std::fabs(log_ratio);
  return std::min(1.0, beyond(reached - least_log) + beyond(reached + least_log));
}

void judge_pair(FigureDifference& difference, const FigurePair& pair, const Spread& a, const Spread& b,
                double least_log) {
  const double of_a = a.variance / static_cast<double>(pair.a.logs.size());
  const double of_b = b.variance / static_cast<double>(pair.b.logs.size());
  const double of_speed = pair.speed_variance, variance = of_a + of_b + of_speed;
  const double standard_error = std::sqrt(variance);
  const auto restarts = static_cast<double>(pair.a.logs.size() + pair.b.logs.size());
  const double degrees =
      variance * variance /
      (of_a * of_a / a.degrees_of_freedom + of_b * of_b / b.degrees_of_freedom + of_speed * of_speed / (restarts - 2));
  const double log_ratio = pair.b.centre() - pair.a.centre();
  const double reach = student_t_critical(significance, degrees) * standard_error;
  difference.ratio.low = std::exp(log_ratio - reach);
  difference.ratio.high = std::exp(log_ratio + reach);
  difference.p_value = p_of_farther(log_ratio, least_log, standard_error, degrees);
}

FigureDifference without_verdict(const FigurePair& pair) {
  constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
  FigureDifference difference;
  const double ratio = std::exp(pair.b.centre() - pair.a.centre());
  difference.ratio = {ratio, no_number, no_number};
  if (!pair.virtual_time) return difference;
  difference.ratio = {ratio, ratio, ratio};
  difference.verdict = pair.a.centre() == pair.b.centre() ? DiffVerdict::noise : DiffVerdict::real;
  return difference;
}

}  // namespace

double RestartFigures::centre() const {
  assert(!logs.empty());
  if (logs.size() == 1) return logs.front();
  std::vector<double> sorted = logs;
  return trimmed_centre(sorted);
}

RestartFigures restart_figures(std::span<const Observation> observations) {
  std::map<std::uint32_t, std::vector<double>> restarts;
  for (const Observation& observation : observations)
    restarts[observation.restart].push_back(std::log(observation.value));
  RestartFigures figures;
  figures.rounds = static_cast<std::uint32_t>(observations.size());
  for (auto& [restart, logs] : restarts) figures.logs.push_back(median(std::move(logs)));
  return figures;
}

std::vector<FigureDifference> judge(std::span<const FigurePair> pairs, double least_percent) {
  const double least_log = std::log1p(least_percent / 100);
  const auto spreads_a = spreads_of(pairs, &FigurePair::a), spreads_b = spreads_of(pairs, &FigurePair::b);
  std::vector<FigureDifference> differences;
  std::vector<std::size_t> family;
  std::vector<double> p_values;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    differences.push_back(without_verdict(pairs[i]));
    if (!judged(pairs[i])) continue;
    judge_pair(differences.back(), pairs[i], spreads_a[i], spreads_b[i], least_log);
    family.push_back(i);
    p_values.push_back(differences.back().p_value);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < family.size(); ++i) {
    FigureDifference& difference = differences[family[i]];
    difference.adjusted_p_value = adjusted[i];
    difference.verdict = adjusted[i] < significance ? DiffVerdict::real : DiffVerdict::noise;
  }
  return differences;
}

}  // namespace xover
