// Student's t distribution, by the incomplete beta function. Degrees of freedom may be fractional and must be positive.
#pragma once

namespace xover {

// The probability of |T| >= |t|: 1 at t = 0, falling to 0.
double student_t_two_sided_p(double t, double degrees_of_freedom);

// The t whose two-sided p-value is `p`, with 0 < p < 1: student_t_critical(0.05, 9) is 2.262.
double student_t_critical(double p, double degrees_of_freedom);

// The regularised incomplete beta function I_x(a, b), 0 <= x <= 1, a and b positive. Exact to about 1e-12.
double incomplete_beta(double x, double a, double b);

}  // namespace xover
