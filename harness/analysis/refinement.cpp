// Between the two sizes around the crossover.
#include "harness/analysis/refinement.h"

#include <cmath>
#include <utility>

namespace xover {
namespace {

bool holds_one(const Estimate& ratio) { return ratio.interval.low <= 1 && ratio.interval.high >= 1; }

// By the centre that is judged; one round has none but itself.
bool is_ahead(const Estimate& ratio) {
  return ratio.degrees_of_freedom > 0 ? ratio.log_centre > 0 : ratio.interval.median > 1;
}

// Half-way between two sizes by ratio, at a multiple of size_step_bytes that is between them where there is one.
std::optional<std::uint64_t> middle(std::uint64_t below_bytes, std::uint64_t above_bytes) {
  const double exact = std::sqrt(static_cast<double>(below_bytes) * static_cast<double>(above_bytes));
  const auto between = [&](double size_bytes) {
    return size_bytes > static_cast<double>(below_bytes) && size_bytes < static_cast<double>(above_bytes);
  };
  const double stepped = std::round(exact / size_step_bytes) * size_step_bytes;
  if (between(stepped)) return static_cast<std::uint64_t>(stepped);
  const double whole = std::round(exact);
  if (between(whole)) return static_cast<std::uint64_t>(whole);
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> next_size(std::span<const SizedRatios> sizes) {
  if (sizes.empty()) return std::nullopt;
  Estimate above = estimate(sizes.back().ratios);
  if (!is_ahead(above)) return std::nullopt;
  for (std::size_t upper = sizes.size() - 1; upper > 0; --upper) {
    Estimate below = estimate(sizes[upper - 1].ratios);
    if (is_ahead(below)) {
      above = std::move(below);
      continue;
    }
    if (holds_one(below) && holds_one(above)) return std::nullopt;
    const std::uint64_t below_bytes = sizes[upper - 1].size_bytes, above_bytes = sizes[upper].size_bytes;
    const double octaves = std::log2(static_cast<double>(above_bytes) / static_cast<double>(below_bytes));
    return octaves > closest_octaves ? middle(below_bytes, above_bytes) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace xover
