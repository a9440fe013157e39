// Where a curve of ratios over the sizes crosses 1 for the last time, by one pass over the curve: no intervals here.
//
// If both variants cost fixed + per_byte * s near the crossover, so does the difference of the two: it is one straight
// line over the size, and 0 at the crossover. So that line is fitted, on the scale of logarithms, to the ratios at all
// sizes within three octaves of the crossover, or within two; the one with three if it fits.
//
// A line that does not fit is not used: as where a cache overflows between two sizes. Then the crossover is between the
// two sizes around it, on a straight line through the logarithms of both ratios over that of the size. So it is, too,
// where the costs themselves are not known.
#pragma once

#include <span>
#include <vector>

namespace xover {

struct CurvePoint {
  double size_bytes = 0;
  double log_ratio = 0;       // of the costs, baseline's over candidate's: above 0 the candidate is ahead
  double cost = 0;            // the geometric mean of both costs; 0: not known
  double standard_error = 0;  // of log_ratio
  double degrees_of_freedom = 0;
};

struct Crossing {
  double log_size = 0;             // -infinity: ahead at every size; infinity: not ahead at the largest
  bool fitted = false;             // by straight lines, which are then:
  double fixed = 0, per_byte = 0;  // the candidate's cost less the baseline's, in the unit of the costs
  std::vector<double> influence;   // how much log_size hangs on each point's log_ratio, up to one factor for all
};

// Points ascend by size. `noise` is how many times the points differ by chance as much as their standard errors say,
// in terms of variance: 1 as they were measured, about 2 for a resample, in which chance was at work twice.
Crossing crossing_of(std::span<const CurvePoint> curve, double noise);

// How sure the noise of the points that matter is, taken together: degrees of freedom by Satterthwaite.
double joint_degrees_of_freedom(std::span<const CurvePoint> curve, const Crossing& crossing);

}  // namespace xover
