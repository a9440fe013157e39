// From curves to advice: the message size from which on one variant should send without copying, for each number of
// connections, and what another choice would cost. Pure.
//
// Where the two cross once, the threshold is where they do. Elsewhere it is the size that loses least at worst: at no
// size tested is the choice it makes worse than the other by more than `worst_loss`. That holds whatever the mix of
// these sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/analysis/series.h"
#include "harness/experiment/result.h"

namespace xover {

// A threshold above all messages: always copy.
inline constexpr std::uint64_t never_bytes = std::uint64_t{1} << 40;

// The figure of the candidate over that of the better of both, or of one choice over the other.
struct RatioAt {
  std::uint64_t size_bytes = 0;
  std::uint32_t rounds = 0;
  Interval ratio;
};

// One number of connections, by one metric.
struct ThresholdAdvice {
  std::uint32_t connections = 1;
  Metric metric = Metric::goodput;
  CrossoverVerdict verdict = CrossoverVerdict::not_separable;
  bool judged = false;  // there were six rounds at three sizes; else the verdict means nothing
  Interval size_bytes;  // of the crossover; all zero unless `at`
  bool virtual_time = false;
  std::vector<std::uint64_t> sizes_tested;  // ascending
  std::uint64_t threshold_bytes = never_bytes;
  double worst_loss = 0;       // 0 to 1, at the tested size where the advice is worst, by the centres
  std::uint64_t worst_at = 0;  // that size; 0: nothing is lost
};

// One of each series of the document between these two, in the order of its plan; `baseline` copies.
std::vector<ThresholdAdvice> advise(const ResultDocument& document);

// The tested size, or never_bytes, that loses least at worst; of equals the one that loses least in all, of these the
// largest.
std::uint64_t least_regret(std::span<const SizedRatios> sizes);

// To a size that is easily written and off by at most a thirty-second: five binary digits.
std::uint64_t rounded_size(double size_bytes);

// --- fresh rounds at a threshold that was chosen before

enum class Held : std::uint8_t {
  yes,
  no,  // surely worse than the better of the two by more than a twentieth
  unmeasured,
};

// What fresh rounds at one number of connections say about a threshold T.
struct ThresholdCheck {
  std::uint32_t connections = 1;
  std::uint64_t threshold_bytes = 0;
  std::vector<RatioAt> goodput, cpu;  // candidate over copy, above 1 the candidate is ahead; sizes ascend
  std::vector<RatioAt> automatic;     // the transport that was given T, over the better of the two; may be empty
  Held held = Held::unmeasured;
};

inline constexpr double as_good_as = 0.95;

// `copy`, `zerocopy`, `automatic`: names of variants; the last may be empty. Points are told apart by their number of
// connections, and belong to the advice of the same. Intervals of three sizes and more of one check are each 95 %.
ThresholdCheck check_threshold(const ResultDocument& document, const ThresholdAdvice& advice, std::string_view copy,
                               std::string_view zerocopy, std::string_view automatic);

// The ratio of one variant over the better of two others at a point, by goodput: the better is the one with the greater
// median. Absent with too few rounds for a verdict.
std::optional<RatioAt> over_the_better(const ResultDocument& document, std::size_t point_index, std::string_view one,
                                       std::string_view first, std::string_view second);

}  // namespace xover
