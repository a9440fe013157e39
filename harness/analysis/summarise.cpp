// From rounds to a cell's aggregates.
#include "harness/analysis/summarise.h"

#include "harness/analysis/cell_warnings.h"
#include "harness/analysis/figures.h"

namespace xover {
namespace {

Interval interval_of(const CellResult& cell, const Figure& figure) {
  return estimate(observations(cell, figure)).interval;
}

// Cycles from two sources are two quantities: rounds that differ from the first in their source stay out.
Interval cycles_interval(const CellResult& cell) {
  std::optional<CpuSource> source;
  return interval_of(cell, [&source](const CellResult& of, const Sample& sample) -> std::optional<double> {
    const auto cycles = cycles_per_byte(of, sample);
    if (cycles && !source) source = cycle_source(of, sample);
    return cycles && cycle_source(of, sample) == *source ? cycles : std::nullopt;
  });
}

// Of all accepted rounds as one: percentiles come from the merged histogram.
LatencySummary latency_summary(const CellResult& cell) {
  Histogram merged;
  for (const RoundRecord& round : cell.rounds) {
    if (round.accepted) merged.merge(latency_of(round.sample));
  }
  auto us = [&merged](double percent) { return static_cast<double>(merged.percentile_ns(percent)) / 1e3; };
  return {us(50), us(90), us(99), us(99.9), static_cast<double>(merged.max_ns()) / 1e3, merged.count()};
}

void summarise(CellResult& cell) {
  cell.goodput_gbps = interval_of(cell, goodput_gbps);
  cell.handed_over_gbps = interval_of(cell, handed_over_gbps);
  cell.messages_per_second = interval_of(cell, messages_per_second);
  cell.cycles_per_byte = cycles_interval(cell);
  cell.latency = latency_summary(cell);
  cell.sender_ledger = cell.receiver_ledger = {};
  for (const RoundRecord& round : cell.rounds) {
    if (!round.accepted) continue;
    cell.sender_ledger += round.sample.sender.ledger;
    cell.receiver_ledger += round.sample.receiver.ledger;
  }
}

}  // namespace

void summarise(ResultDocument& document) {
  for (CellResult& cell : document.cells) {
    summarise(cell);
    renew_cell_warnings(cell, document);
  }
}

}  // namespace xover
