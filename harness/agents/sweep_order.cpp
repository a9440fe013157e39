// Gaps between measured sizes, the most telling first.
#include "harness/agents/sweep_order.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/analysis/refinement.h"

namespace xover {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::optional<double> log_ratio(const Curve& curve, std::uint64_t size_bytes) {
  const auto at = std::ranges::find(curve, size_bytes, &SizedRatios::size_bytes);
  if (at == curve.end() || at->ratios.empty()) return std::nullopt;
  return estimate(at->ratios).log_centre;
}

// 0 where a curve crosses 1 between the two.
double closeness_between(std::uint64_t low_bytes, std::uint64_t high_bytes, std::span<const Curve> curves) {
  double closest = std::min(closeness_at(low_bytes, curves), closeness_at(high_bytes, curves));
  for (const Curve& curve : curves) {
    const auto low = log_ratio(curve, low_bytes), high = log_ratio(curve, high_bytes);
    if (low && high && (*low > 0) != (*high > 0)) closest = 0;
  }
  return closest;
}

}  // namespace

std::vector<std::size_t> every(std::size_t step, std::size_t count) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < count; i += step) chosen.push_back(i);
  if (count > 0 && chosen.back() != count - 1) chosen.push_back(count - 1);
  if (chosen.size() == 2 && count > 2) chosen.insert(chosen.begin() + 1, count / 2);
  return chosen;
}

double closeness_at(std::uint64_t size_bytes, std::span<const Curve> curves) {
  double closest = infinity;
  for (const Curve& curve : curves)
    if (const auto log = log_ratio(curve, size_bytes)) closest = std::min(closest, std::fabs(*log));
  return closest;
}

std::optional<std::size_t> next_to_fill(std::span<const SizeOfSeries> sizes, std::span<const Curve> curves) {
  std::optional<std::size_t> best, low;
  double best_closeness = infinity;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (!sizes[i].measured) continue;
    if (low && i > *low + 1) {
      const double closeness = closeness_between(sizes[*low].size_bytes, sizes[i].size_bytes, curves);
      if (!best || closeness < best_closeness) {
        best = (*low + i) / 2;
        best_closeness = closeness;
      }
    }
    low = i;
  }
  return best;
}

std::optional<std::uint64_t> next_of_curves(std::span<const Curve> curves) {
  for (const Curve& curve : curves)
    if (const auto size_bytes = next_size(curve)) return size_bytes;
  return std::nullopt;
}

}  // namespace xover
