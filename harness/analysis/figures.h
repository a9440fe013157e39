// The figures of one sample, as every aggregate and comparison takes them: one definition for all. A figure that the
// sample does not have (no receiver, no cycle counter, no latencies, nothing moved) is absent, never zero.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "harness/analysis/statistics.h"
#include "harness/experiment/point.h"
#include "harness/experiment/result.h"

namespace xover {

using Figure = std::function<std::optional<double>(const CellResult&, const Sample&)>;

// Payload that counts: what the receiver got, or what was handed over where the link has none.
std::uint64_t counted_bytes(const CellResult& cell, const Sample& sample);
std::uint64_t counted_messages(const CellResult& cell, const Sample& sample);

std::optional<double> goodput_gbps(const CellResult& cell, const Sample& sample);  // links with a receiver
std::optional<double> handed_over_gbps(const CellResult& cell, const Sample& sample);
std::optional<double> messages_per_second(const CellResult& cell, const Sample& sample);

// Cycles of both sides for each byte that counts, with the source that both share; absent where the sides differ.
std::optional<double> cycles_per_byte(const CellResult& cell, const Sample& sample);
CpuSource cycle_source(const CellResult& cell, const Sample& sample);

// The latencies of a sample are kept by the side that can tell them: the other side's histogram is empty.
const Histogram& latency_of(const Sample& sample);
bool has_latency(const Sample& sample);
// Of a sample that was read back from a file there are p50 and p99 only.
std::optional<double> latency_us(const Sample& sample, double percent);

// What `metric` compares: goodput falls back on handed_over_gbps where the link has no receiver.
std::optional<double> metric_figure(Metric metric, const CellResult& cell, const Sample& sample);
bool larger_is_better(Metric metric);

// The metrics that a workload is compared by, the one that it is mainly about first.
std::vector<Metric> metrics_of(Workload workload);

// A figure in each accepted round that has it, for estimate().
std::vector<Observation> observations(const CellResult& cell, const Figure& figure);

}  // namespace xover
