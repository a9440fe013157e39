// The segment, and the line through the sizes around it.
#include "harness/analysis/crossing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "harness/analysis/student_t.h"

namespace xover {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::array window_octaves{3.0, 2.0};  // to either side
constexpr std::size_t least_points = 3;
constexpr double least_p_of_fit = 0.002;
constexpr int most_moves = 4;  // of the window, after the crossover that it gave

// From the largest on downwards, where the ratio first falls to 1 or below.
Crossing on_segment(std::span<const CurvePoint> curve) {
  Crossing found;
  found.influence.resize(curve.size());
  std::size_t ahead = curve.size();
  while (ahead > 0 && curve[ahead - 1].log_ratio > 0) --ahead;
  if (ahead == curve.size() || ahead == 0) {
    found.log_size = ahead == 0 ? -infinity : infinity;
    return found;
  }
  const CurvePoint &below = curve[ahead - 1], &above = curve[ahead];
  const double share = -below.log_ratio / (above.log_ratio - below.log_ratio);
  const double start = std::log(below.size_bytes);
  found.log_size = start + share * (std::log(above.size_bytes) - start);
  found.influence[ahead - 1] = 1 - share;
  found.influence[ahead] = share;
  return found;
}

// A point in the terms of the fit: log_ratio = (offset + slope * size) / cost. With the logarithmic mean of both costs
// that is exact: their difference over it is the logarithm of their ratio. Sizes and costs are in units near 1.
struct Term {
  std::size_t index = 0;
  double one = 0, size = 0, log_ratio = 0, variance = 0;
};

struct Line {
  double offset = 0, slope = 0;
  std::array<double, 3> inverse{};  // of the normal equations' matrix: [one, one], [one, size], [size, size]

  double at(const Term& term) const { return offset * term.one + slope * term.size; }
  // How much the line's value at (one, size) hangs on the log ratio of this term.
  double pull(const Term& term, double one, double size) const {
    return (inverse[0] * one + inverse[1] * size) * term.one + (inverse[1] * one + inverse[2] * size) * term.size;
  }
};

std::vector<Term> terms_around(std::span<const CurvePoint> curve, double log_size, double octaves, double cost_unit) {
  std::vector<Term> terms;
  const double reach = octaves * std::numbers::ln2 + 1e-9;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const CurvePoint& point = curve[i];
    if (std::fabs(std::log(point.size_bytes) - log_size) > reach) continue;
    const double half = point.log_ratio / 2;
    const double logarithmic = point.cost / cost_unit * (std::fabs(half) < 1e-6 ? 1 : std::sinh(half) / half);
    terms.push_back({i, 1 / logarithmic, point.size_bytes / std::exp(log_size) / logarithmic, point.log_ratio,
                     point.standard_error * point.standard_error});
  }
  return terms;
}

std::optional<Line> line_through(const std::vector<Term>& terms) {
  double ones = 0, mixed = 0, sizes = 0, to_one = 0, to_size = 0;
  for (const Term& term : terms) {
    ones += term.one * term.one;
    mixed += term.one * term.size;
    sizes += term.size * term.size;
    to_one += term.one * term.log_ratio;
    to_size += term.size * term.log_ratio;
  }
  const double determinant = ones * sizes - mixed * mixed;
  if (!(determinant > 1e-12 * ones * sizes)) return std::nullopt;
  Line line;
  line.inverse = {sizes / determinant, -mixed / determinant, ones / determinant};
  line.offset = line.inverse[0] * to_one + line.inverse[1] * to_size;
  line.slope = line.inverse[1] * to_one + line.inverse[2] * to_size;
  return line;
}

// Whether what is left over is no more than the noise explains: an F test.
bool fits(const Line& line, const std::vector<Term>& terms, std::span<const CurvePoint> curve, double noise) {
  double left = 0, expected = 0, freedom = 0;
  for (const Term& term : terms) {
    const double distance = term.log_ratio - line.at(term);
    left += distance * distance;
    expected += noise * term.variance * (1 - line.pull(term, term.one, term.size));
    freedom += curve[term.index].degrees_of_freedom;
  }
  if (!(expected > 0) || !(freedom > 0)) return left < 1e-12;
  const double spare = static_cast<double>(terms.size()) - 2;
  const double f = left / expected;  // both are of `spare` degrees of freedom
  return incomplete_beta(freedom / (freedom + spare * f), freedom / 2, spare / 2) > least_p_of_fit;
}

std::optional<Crossing> on_line(std::span<const CurvePoint> curve, double log_size, double octaves, double noise) {
  const double cost_unit = curve[curve.size() / 2].cost;
  for (int move = 0; move < most_moves; ++move) {
    const std::vector<Term> terms = terms_around(curve, log_size, octaves, cost_unit);
    if (terms.size() < least_points) return std::nullopt;
    const auto line = line_through(terms);
    if (!line || !(line->slope > 0) || !(line->offset < 0)) return std::nullopt;
    const double times = -line->offset / line->slope;
    const double moved = log_size + std::log(times);
    if (std::fabs(moved - log_size) > octaves * std::numbers::ln2) return std::nullopt;
    const bool settled = std::fabs(moved - log_size) < 0.1 || move == most_moves - 1;
    if (settled) {
      if (!fits(*line, terms, curve, noise)) return std::nullopt;
      Crossing found{moved, true, -line->offset * cost_unit, -line->slope * cost_unit / std::exp(log_size), {}};
      found.influence.resize(curve.size());
      for (const Term& term : terms) found.influence[term.index] = line->pull(term, 1, times);
      return found;
    }
    log_size = moved;
  }
  return std::nullopt;
}

}  // namespace

Crossing crossing_of(std::span<const CurvePoint> curve, double noise) {
  Crossing segment = on_segment(curve);
  if (!std::isfinite(segment.log_size)) return segment;
  for (const CurvePoint& point : curve) {
    if (!(point.cost > 0)) return segment;
  }
  for (const double octaves : window_octaves) {
    if (auto found = on_line(curve, segment.log_size, octaves, noise)) return *found;
  }
  return segment;
}

// Squares of variances that are themselves estimates come out too large, by the factor 1 + 2 / degrees of freedom.
double joint_degrees_of_freedom(std::span<const CurvePoint> curve, const Crossing& crossing) {
  double variance = 0, squares = 0, least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const double part = std::pow(crossing.influence[i] * curve[i].standard_error, 2);
    if (!(part > 0)) continue;
    variance += part;
    squares += part * part / (curve[i].degrees_of_freedom + 2);
    least = std::min(least, curve[i].degrees_of_freedom);
  }
  return squares > 0 ? std::max(least, variance * variance / squares - 2) : curve.front().degrees_of_freedom;
}

}  // namespace xover
