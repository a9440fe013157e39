// Trimmed means, intervals, Holm, Mann-Whitney.
#include "harness/analysis/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "harness/analysis/student_t.h"

namespace xover {
namespace {

constexpr std::size_t trimmed_at_each_end = 5;  // one in so many
constexpr std::size_t restarts_as_units_from = 6;

struct TrimmedMean {
  double centre = 0;
  double standard_error = 0;
  double degrees_of_freedom = 0;

  // How many standard errors the centre is from `value`.
  double t(double value) const {
    const double distance = centre - value;
    if (standard_error > 0) return distance / standard_error;
    return distance == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), distance);
  }
};

// Sorts its argument, so that the bootstrap needs no memory of its own for each resample.
TrimmedMean trimmed_mean(std::vector<double>& values) {
  assert(values.size() >= 2);
  std::sort(values.begin(), values.end());
  const std::size_t count = values.size();
  const std::size_t trimmed = count / trimmed_at_each_end;
  const double kept = static_cast<double>(count - 2 * trimmed);
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(trimmed);
  const auto last = values.end() - static_cast<std::ptrdiff_t>(trimmed);

  TrimmedMean result;
  result.centre = std::accumulate(first, last, 0.0) / kept;
  result.degrees_of_freedom = kept - 1;

  // Winsorised: each trimmed value counts as the nearest kept one.
  const double least = *first, greatest = *(last - 1), ends = static_cast<double>(trimmed);
  const double mean = (result.centre * kept + ends * (least + greatest)) / static_cast<double>(count);
  auto square = [mean](double value) { return (value - mean) * (value - mean); };
  double squares = ends * (square(least) + square(greatest));
  for (auto value = first; value != last; ++value) squares += square(*value);
  result.standard_error = std::sqrt(squares / (kept * (kept - 1)));
  return result;
}

// The |t| that 95 % of resamples do not exceed: the bootstrap's own critical value in place of Student's.
double bootstrap_critical(const std::vector<double>& values, const TrimmedMean& original) {
  std::mt19937_64 random(bootstrap_seed);
  std::uniform_int_distribution<std::size_t> index(0, values.size() - 1);
  std::vector<double> resample(values.size()), t(bootstrap_resamples);
  for (double& value : t) {
    std::generate(resample.begin(), resample.end(), [&] { return values[index(random)]; });
    value = std::fabs(trimmed_mean(resample).t(original.centre));
  }
  const std::ptrdiff_t rank = std::lround((1 - significance) * (bootstrap_resamples + 1)) - 1;
  std::nth_element(t.begin(), t.begin() + rank, t.end());
  return t[static_cast<std::size_t>(rank)];
}

// The chance of each value of U among all orders of the two samples: counts built up element by element.
double exact_mann_whitney_p(std::size_t first, std::size_t second, double u) {
  // ways[n][u]: orders of n elements of the first sample and those of the second seen so far, with statistic u.
  std::vector<std::vector<double>> ways(first + 1, std::vector<double>(first * second + 1, 0));
  for (auto& row : ways) row[0] = 1;
  for (std::size_t m = 1; m <= second; ++m) {
    for (std::size_t n = 1; n <= first; ++n) {
      // The greatest of all is either of the second sample (u stays), or of the first and beats all m.
      for (std::size_t value = m; value <= n * m; ++value) ways[n][value] += ways[n - 1][value - m];
    }
  }
  const std::vector<double>& distribution = ways[first];
  const double all = std::accumulate(distribution.begin(), distribution.end(), 0.0);
  const double smaller = std::min(u, static_cast<double>(first * second) - u);
  double tail = 0;
  for (std::size_t value = 0; static_cast<double>(value) <= smaller; ++value) tail += distribution[value];
  return std::min(1.0, 2 * tail / all);
}

}  // namespace

Units units_of(std::span<const Observation> observations) {
  struct Sum {
    double logs = 0;
    std::size_t count = 0;
  };
  std::map<std::uint32_t, Sum> restarts;
  std::vector<double> rounds, means;
  for (const Observation& observation : observations) {
    assert(observation.value > 0 && std::isfinite(observation.value));
    rounds.push_back(std::log(observation.value));
    Sum& sum = restarts[observation.restart];
    sum.logs += rounds.back();
    ++sum.count;
  }
  if (restarts.size() < restarts_as_units_from) return {std::move(rounds), false};
  for (const auto& [restart, sum] : restarts) means.push_back(sum.logs / static_cast<double>(sum.count));
  return {std::move(means), true};
}

double trimmed_centre(std::vector<double>& logs) { return trimmed_mean(logs).centre; }

Estimate estimate(std::span<const Observation> observations) {
  Estimate result;
  result.rounds = observations.size();
  if (observations.empty()) return result;

  std::vector<double> values;
  for (const Observation& observation : observations) values.push_back(observation.value);
  const double middle = median(std::move(values));
  result.interval = {middle, middle, middle};

  std::vector<double> logs = units_of(observations).logs;
  if (logs.size() < 2) return result;
  const TrimmedMean mean = trimmed_mean(logs);
  const double student = student_t_critical(significance, mean.degrees_of_freedom);
  const bool resample = logs.size() >= bootstrap_from_units && mean.standard_error > 0;
  const double critical = resample ? bootstrap_critical(logs, mean) : student;

  // The median is what is reported, the trimmed mean what is judged: the interval holds both.
  result.log_centre = mean.centre;
  result.degrees_of_freedom = mean.degrees_of_freedom;
  result.log_reach = critical * mean.standard_error;
  result.interval.low = std::min(middle, std::exp(mean.centre - result.log_reach));
  result.interval.high = std::max(middle, std::exp(mean.centre + result.log_reach));
  // Beyond the critical value the tail has Student's shape, scaled to agree with the interval at 5 %. A bootstrap's own
  // tail ends at one in the number of resamples, which Holm's correction soon needs to look beyond.
  result.p_value = student_t_two_sided_p(mean.t(0) * student / critical, mean.degrees_of_freedom);
  return result;
}

Estimate unpaired_ratio(const Estimate& numerator, const Estimate& denominator) {
  Estimate result;
  result.rounds = std::min(numerator.rounds, denominator.rounds);
  result.degrees_of_freedom = std::min(numerator.degrees_of_freedom, denominator.degrees_of_freedom);
  if (result.rounds == 0) return result;
  const double middle = numerator.interval.median / denominator.interval.median;
  result.interval = {middle, middle, middle};
  if (result.degrees_of_freedom <= 0) return result;
  result.log_centre = numerator.log_centre - denominator.log_centre;
  result.log_reach = std::hypot(numerator.log_reach, denominator.log_reach);
  result.interval = {middle, std::min(middle, std::exp(result.log_centre - result.log_reach)),
                     std::max(middle, std::exp(result.log_centre + result.log_reach))};
  // So many critical values is it from 1, by Student's shape.
  const double critical = student_t_critical(significance, result.degrees_of_freedom);
  const double t = result.log_centre == 0 ? 0 : critical * result.log_centre / result.log_reach;
  result.p_value = student_t_two_sided_p(t, result.degrees_of_freedom);
  return result;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<double> holm_adjusted(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });

  std::vector<double> adjusted(p_values.size());
  double greatest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double factor = static_cast<double>(order.size() - rank);
    greatest = std::max(greatest, std::min(1.0, factor * p_values[order[rank]]));
    adjusted[order[rank]] = greatest;
  }
  return adjusted;
}

double mann_whitney_p(std::span<const double> first, std::span<const double> second) {
  if (first.empty() || second.empty()) return 1;
  double u = 0;
  for (double a : first) {
    for (double b : second) u += a > b ? 1 : a == b ? 0.5 : 0;
  }
  std::map<double, double> ties;
  for (double value : first) ++ties[value];
  for (double value : second) ++ties[value];

  constexpr std::size_t exact_up_to = 20;
  const double n = static_cast<double>(first.size()), m = static_cast<double>(second.size()), all = n + m;
  const bool tied = static_cast<double>(ties.size()) < all;
  if (!tied && first.size() <= exact_up_to && second.size() <= exact_up_to) {
    return exact_mann_whitney_p(first.size(), second.size(), u);
  }
  double correction = 0;
  for (const auto& [value, count] : ties) correction += count * count * count - count;
  const double variance = n * m / 12 * (all + 1 - correction / (all * (all - 1)));
  if (variance <= 0) return 1;
  const double distance = std::max(0.0, std::fabs(u - n * m / 2) - 0.5);
  return std::erfc(distance / std::sqrt(2 * variance));
}

double width_percent(const Interval& interval) {
  if (!(interval.median > 0)) return std::numeric_limits<double>::infinity();
  return 100 * (interval.high - interval.low) / interval.median;
}

}  // namespace xover
