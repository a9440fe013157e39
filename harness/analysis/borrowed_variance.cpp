// Section 6.2 of the paper: the moments of the logarithms of the variances.
#include "harness/analysis/borrowed_variance.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace xover {

namespace {

// How alike the variances are is itself known badly where there are few: what is borrowed weighs no more than three
// restarts of one's own would, also where all seem equal. Twenty cells of two restarts whose noise differs fourfold
// would else call one of them changed in one diff of eight instead of one of twenty.
constexpr double most_borrowed_degrees = 2;
constexpr double large_argument = 10;  // from here on the asymptotic series are exact to 1e-12

// The x with trigamma(x) = y: it falls from infinity to 0.
double inverse_trigamma(double y) {
  double low = 1e-8, high = 1e8;
  for (int halving = 0; halving < 200; ++halving) {
    const double middle = std::sqrt(low * high);
    (trigamma(middle) > y ? low : high) = middle;
  }
  return std::sqrt(low * high);
}

struct Prior {
  double variance = 0, degrees_of_freedom = 0;  // infinite: all have the same variance
};

Prior prior_of(std::span<const Spread> own) {
  const auto count = static_cast<double>(own.size());
  std::vector<double> logs;
  double mean = 0, expected_scatter = 0, squares = 0, degrees = 0;
  for (const Spread& spread : own) {
    const double half = spread.degrees_of_freedom / 2;
    logs.push_back(std::log(spread.variance) - digamma(half) + std::log(half));
    mean += logs.back() / count;
    expected_scatter += trigamma(half) / count;
    squares += spread.variance * spread.degrees_of_freedom;
    degrees += spread.degrees_of_freedom;
  }
  double scatter = 0;
  for (const double log : logs) scatter += (log - mean) * (log - mean) / (count - 1);
  if (scatter <= expected_scatter) return {squares / degrees, std::numeric_limits<double>::infinity()};
  const double half = inverse_trigamma(scatter - expected_scatter);
  return {std::exp(mean + digamma(half) - std::log(half)), 2 * half};
}

}  // namespace

double digamma(double x) {
  assert(x > 0);
  double below = 0;
  for (; x < large_argument; ++x) below -= 1 / x;
  const double square = 1 / (x * x);
  return below + std::log(x) - 1 / (2 * x) -
         square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square * (1.0 / 240 - square / 132))));
}

double trigamma(double x) {
  assert(x > 0);
  double below = 0;
  for (; x < large_argument; ++x) below += 1 / (x * x);
  const double square = 1 / (x * x);
  return below + 1 / x + square / 2 +
         square / x * (1.0 / 6 - square * (1.0 / 30 - square * (1.0 / 42 - square * (1.0 / 30 - square * 5 / 66))));
}

std::vector<Spread> with_borrowed(std::span<const Spread> own) {
  std::vector<Spread> result(own.begin(), own.end());
  if (own.size() < 2) return result;
  const Prior prior = prior_of(own);
  const double borrowed_degrees = std::min(prior.degrees_of_freedom, most_borrowed_degrees);
  double all_degrees = 0;
  for (const Spread& spread : own) all_degrees += spread.degrees_of_freedom;
  for (Spread& spread : result) {
    const double degrees = borrowed_degrees + spread.degrees_of_freedom;
    const double weight = borrowed_degrees / degrees;
    spread.variance = std::max(spread.variance, weight * prior.variance + (1 - weight) * spread.variance);
    spread.degrees_of_freedom = std::min(degrees, all_degrees);
  }
  return result;
}

}  // namespace xover
