// The figures of one sample.
#include "harness/analysis/figures.h"

#include <cmath>

namespace xover {
namespace {

std::optional<double> if_positive(double value) {
  if (value > 0 && std::isfinite(value)) return value;
  return std::nullopt;
}

}  // namespace

std::uint64_t counted_bytes(const CellResult& cell, const Sample& sample) {
  return cell.has_receiver ? sample.receiver.bytes : sample.sender.bytes;
}

std::uint64_t counted_messages(const CellResult& cell, const Sample& sample) {
  return cell.has_receiver ? sample.receiver.messages : sample.sender.messages;
}

std::optional<double> goodput_gbps(const CellResult& cell, const Sample& sample) {
  return cell.has_receiver ? if_positive(sample.goodput_gbps()) : std::nullopt;
}

std::optional<double> handed_over_gbps(const CellResult&, const Sample& sample) {
  return if_positive(sample.handed_over_gbps());
}

std::optional<double> messages_per_second(const CellResult& cell, const Sample& sample) {
  const std::int64_t window_ns = sample.window_ns();
  if (window_ns <= 0) return std::nullopt;
  return if_positive(1e9 * static_cast<double>(counted_messages(cell, sample)) / static_cast<double>(window_ns));
}

CpuSource cycle_source(const CellResult& cell, const Sample& sample) {
  if (!cell.has_receiver || sample.receiver.cpu.source == sample.sender.cpu.source) return sample.sender.cpu.source;
  return CpuSource::cpu_time;
}

std::optional<double> cycles_per_byte(const CellResult& cell, const Sample& sample) {
  const std::uint64_t bytes = counted_bytes(cell, sample);
  if (bytes == 0 || cycle_source(cell, sample) == CpuSource::cpu_time) return std::nullopt;
  const double cycles = sample.sender.cpu.cycles + (cell.has_receiver ? sample.receiver.cpu.cycles : 0);
  return if_positive(cycles / static_cast<double>(bytes));
}

const Histogram& latency_of(const Sample& sample) {
  return sample.receiver.latency.count() > 0 ? sample.receiver.latency : sample.sender.latency;
}

bool has_latency(const Sample& sample) { return sample.latency_read || latency_of(sample).count() > 0; }

std::optional<double> latency_us(const Sample& sample, double percent) {
  if (sample.latency_read) {
    if (percent == 50) return sample.latency_read->p50_us;
    return percent == 99 ? sample.latency_read->p99_us : std::nullopt;
  }
  return if_positive(static_cast<double>(latency_of(sample).percentile_ns(percent)) / 1e3);
}

std::optional<double> metric_figure(Metric metric, const CellResult& cell, const Sample& sample) {
  switch (metric) {
    case Metric::goodput: return cell.has_receiver ? goodput_gbps(cell, sample) : handed_over_gbps(cell, sample);
    case Metric::cpu: return cycles_per_byte(cell, sample);
    case Metric::latency_p50: return latency_us(sample, 50);
    case Metric::latency_p99: return latency_us(sample, 99);
  }
  return std::nullopt;
}

bool larger_is_better(Metric metric) { return metric == Metric::goodput; }

std::vector<Metric> metrics_of(Workload workload) {
  if (is_bulk(workload)) return {Metric::goodput, Metric::cpu};
  if (workload == Workload::file) return {Metric::goodput, Metric::cpu, Metric::latency_p99};
  return {Metric::latency_p50, Metric::latency_p99, Metric::cpu};
}

std::vector<Observation> observations(const CellResult& cell, const Figure& figure) {
  std::vector<Observation> values;
  for (const RoundRecord& round : cell.rounds) {
    if (!round.accepted) continue;
    if (const auto value = figure(cell, round.sample)) values.push_back({round.restart, *value});
  }
  return values;
}

}  // namespace xover
