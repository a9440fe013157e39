// Weighted least squares, by the normal equations.
#include "harness/analysis/straight_lines.h"

#include <cassert>
#include <cmath>
#include <random>

#include "harness/analysis/statistics.h"

namespace xover {
namespace {

// Fits `aims`, shares of the costs, by fixed / cost + per_byte * size / cost. Sizes are taken in units of the greatest.
StraightLine fit(std::span<const SizedCost> costs, std::span<const double> aims) {
  const double unit = costs.back().size_bytes;
  double ones = 0, mixed = 0, sizes = 0, to_one = 0, to_size = 0;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    const double one = 1 / costs[i].cost, size = costs[i].size_bytes / unit / costs[i].cost;
    ones += one * one;
    mixed += one * size;
    sizes += size * size;
    to_one += one * aims[i];
    to_size += size * aims[i];
  }
  const double determinant = ones * sizes - mixed * mixed;
  StraightLine line;
  line.fixed = (sizes * to_one - mixed * to_size) / determinant;
  line.per_byte = (ones * to_size - mixed * to_one) / determinant / unit;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    const double at = (line.fixed + line.per_byte * costs[i].size_bytes) / costs[i].cost;
    line.squares += (aims[i] - at) * (aims[i] - at);
  }
  return line;
}

std::optional<TwoLines> split(std::span<const SizedCost> costs, std::span<const double> aims, std::size_t least) {
  std::optional<TwoLines> best;
  for (std::size_t at = least; at + least <= costs.size(); ++at) {
    const TwoLines lines{at, fit(costs.first(at), aims.first(at)), fit(costs.subspan(at), aims.subspan(at)), 0};
    if (!best || lines.squares() < best->squares()) best = lines;
  }
  return best;
}

double gain(std::span<const SizedCost> costs, std::span<const double> aims, std::size_t least) {
  return fit(costs, aims).squares / split(costs, aims, least)->squares();
}

}  // namespace

StraightLine line_through(std::span<const SizedCost> costs) {
  assert(costs.size() >= 2);
  return fit(costs, std::vector<double>(costs.size(), 1));
}

std::optional<TwoLines> best_two_lines(std::span<const SizedCost> costs, std::size_t least) {
  auto lines = split(costs, std::vector<double>(costs.size(), 1), least);
  if (!lines) return lines;
  const double last = costs[lines->split - 1].size_bytes, first = costs[lines->split].size_bytes;
  const double meet = (lines->above.fixed - lines->below.fixed) / (lines->below.per_byte - lines->above.per_byte);
  lines->knee_bytes = meet >= last && meet <= first ? meet : std::sqrt(last * first);
  return lines;
}

// What a line through the truth takes away is the same for every line: noise alone is enough.
double chance_of_gain(std::span<const SizedCost> costs, std::size_t least) {
  const double gained = gain(costs, std::vector<double>(costs.size(), 1), least);
  std::mt19937_64 random(bootstrap_seed);
  std::normal_distribution<double> normal;
  std::vector<double> noise(costs.size());
  std::size_t as_much = 1;  // the costs themselves
  for (std::size_t turn = 0; turn < bootstrap_resamples; ++turn) {
    for (double& value : noise) value = normal(random);
    as_much += gain(costs, noise, least) >= gained;
  }
  return static_cast<double>(as_much) / (bootstrap_resamples + 1);
}

}  // namespace xover
