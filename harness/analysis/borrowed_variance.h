// Variances known from a handful of values each, as those of two restarts are, made firmer by one another: the
// empirical Bayes estimate of Smyth (2004), "Linear models and empirical Bayes methods for assessing differential
// expression in microarray experiments". The true variances are taken to scatter as a scaled inverse chi-square; how
// much they do is estimated from the variances themselves. Where they scatter little each borrows much, where they
// scatter widely it borrows nothing.
//
// Kept on the safe side in three ways: a variance is raised by what it borrows and never lowered, what it borrows
// weighs two degrees of freedom at most, and nothing is known by more of them than all have together.
#pragma once

#include <span>
#include <vector>

namespace xover {

struct Spread {
  double variance = 0;  // positive
  double degrees_of_freedom = 0;
};

// In the order given. One alone stays as it is.
std::vector<Spread> with_borrowed(std::span<const Spread> own);

// Derivatives of the logarithm of the gamma function, the first and the second; x positive.
double digamma(double x);
double trigamma(double x);

}  // namespace xover
