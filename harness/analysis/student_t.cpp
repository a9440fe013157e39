// Student's t by the incomplete beta function.
#include "harness/analysis/student_t.h"

#include <cassert>
#include <cmath>

namespace xover {
namespace {

// Continued fraction of the incomplete beta function (DLMF 8.17.22), evaluated from the front by Lentz's method, which
// needs its running numerator and denominator kept away from zero.
double beta_continued_fraction(double x, double a, double b) {
  constexpr double tiny = 1e-300;
  constexpr int max_terms = 10'000;
  auto away_from_zero = [](double value) { return std::fabs(value) < tiny ? tiny : value; };

  double numerator = 1;
  double denominator = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = denominator;
  for (int m = 1; m <= max_terms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    denominator = 1 / away_from_zero(1 + even * denominator);
    numerator = away_from_zero(1 + even / numerator);
    fraction *= denominator * numerator;

    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    denominator = 1 / away_from_zero(1 + odd * denominator);
    numerator = away_from_zero(1 + odd / numerator);
    const double step = denominator * numerator;
    fraction *= step;
    if (std::fabs(step - 1) < 1e-15) break;
  }
  return fraction;
}

}  // namespace

double incomplete_beta(double x, double a, double b) {
  assert(x >= 0 && x <= 1 && a > 0 && b > 0);
  if (x == 0 || x == 1) return x;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  // The fraction converges fast on one side of the mean only; the other side is its mirror image.
  if (x < (a + 1) / (a + b + 2)) return front * beta_continued_fraction(x, a, b) / a;
  return 1 - front * beta_continued_fraction(1 - x, b, a) / b;
}

double student_t_two_sided_p(double t, double degrees_of_freedom) {
  if (std::isinf(t)) return 0;
  return incomplete_beta(degrees_of_freedom / (degrees_of_freedom + t * t), degrees_of_freedom / 2, 0.5);
}

double student_t_critical(double p, double degrees_of_freedom) {
  assert(p > 0 && p < 1);
  double low = 0, high = 1;
  while (student_t_two_sided_p(high, degrees_of_freedom) > p) high *= 2;
  for (int halving = 0; halving < 100; ++halving) {
    const double middle = (low + high) / 2;
    (student_t_two_sided_p(middle, degrees_of_freedom) > p ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace xover
