// Result documents made by hand, for the tests of harness/analysis: one second of window in every sample.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/experiment/result.h"

namespace xover::synthetic {

inline constexpr std::int64_t window_ns = 1'000'000'000;

inline Sample sample_of(double gbps, std::uint64_t size_bytes = 65536) {
  Sample sample;
  sample.sender.bytes = sample.receiver.bytes = static_cast<std::uint64_t>(std::llround(gbps * 1e9 / 8));
  sample.sender.messages = sample.receiver.messages = sample.sender.bytes / size_bytes;
  sample.sender.first_ns = 1000;
  sample.sender.last_ns = sample.receiver.last_ns = sample.sender.first_ns + window_ns;
  sample.receiver.first_ns = sample.sender.first_ns + 1;
  sample.sender.ledger.complete(Handover::kernel_by_design, sample.sender.bytes);
  return sample;
}

inline PlannedPoint point_of(Workload workload, std::uint64_t size_bytes = 65536, std::uint32_t connections = 1,
                             std::uint64_t alignment_bytes = 4096) {
  PlannedPoint planned;
  planned.point.workload = workload;
  planned.point.size_bytes = size_bytes;
  planned.point.connections = connections;
  planned.point.alignment_bytes = alignment_bytes;
  return planned;
}

// `id`, or `id@link=label`.
inline CellResult cell_of(std::size_t point_index, const std::string& variant, const std::vector<Sample>& samples) {
  CellResult cell;
  cell.point_index = point_index;
  cell.variant = *parse_variant(variant);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    RoundRecord round;
    round.round = static_cast<std::uint32_t>(i);
    round.sample = samples[i];
    cell.rounds.push_back(round);
  }
  return cell;
}

// Rounds that differ a little from each other, in another order for each `turn`: as a quiet machine gives them.
inline std::vector<Sample> steady(double gbps, std::size_t rounds, std::size_t turn = 0,
                                  std::uint64_t size_bytes = 65536) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < rounds; ++i) {
    const double step = static_cast<double>((i * 7 + turn * 3) % 11) - 5;
    samples.push_back(sample_of(gbps * (1 + 0.002 * step), size_bytes));
  }
  return samples;
}

inline const Warning* find_warning(const std::vector<Warning>& warnings, WarningKind kind) {
  for (const Warning& warning : warnings) {
    if (warning.kind == kind) return &warning;
  }
  return nullptr;
}

}  // namespace xover::synthetic
