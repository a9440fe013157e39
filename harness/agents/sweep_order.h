// Which size of a series is worth a round next, by where its curves are closest to each other. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/analysis/series.h"

namespace xover {

// The ratios of one pair by one metric, at the sizes measured so far, ascending.
using Curve = std::vector<SizedRatios>;

struct SizeOfSeries {
  std::size_t point = 0;
  std::uint64_t size_bytes = 0;
  bool measured = false;
};

// Of `count` sizes every step-th, the last included, and three at the least where there are three.
std::vector<std::size_t> every(std::size_t step, std::size_t count);

// How far from 1 the ratio that is nearest to it is at this size, as a logarithm; infinite where there is none.
double closeness_at(std::uint64_t size_bytes, std::span<const Curve> curves);

// The index of the size to measure next: in the middle of those left out between two measured sizes where a curve
// crosses 1, else where it comes closest. Sizes ascend. None: all are measured, or none is.
std::optional<std::size_t> next_to_fill(std::span<const SizeOfSeries> sizes, std::span<const Curve> curves);

// A size that was not planned, by the first of the curves that wants one: see next_size().
std::optional<std::uint64_t> next_of_curves(std::span<const Curve> curves);

}  // namespace xover
