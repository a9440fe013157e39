// The figures are round numbers near what one machine showed; nothing depends on their being true.
#include "tests/unit/reports_document.h"

#include <cmath>
#include <utility>

namespace xover {

namespace {

constexpr std::uint32_t accepted_rounds = 10;

struct Figures {
  double goodput_gbps = 0;
  double round_trip_us = 0;  // 0: a stream
  double cycles_per_byte = 0;
};

Variant variant_of(const std::string& id, const std::string& link) {
  Variant variant;
  variant.id = id;
  variant.link.name = link;
  return variant;
}

Interval around(double median, double arm) {
  if (median == 0) return {};
  return {median, median * (1 - arm), median * (1 + arm)};
}

Handover handover_of(const std::string& id) {
  if (id == "null") return Handover::zero_copied;
  return id.ends_with("zerocopy") ? Handover::kernel_after_request : Handover::kernel_by_design;
}

SideReport side_of(const Figures& figures, const Point& point, std::int64_t window_ns, Handover handover) {
  SideReport side;
  side.bytes = static_cast<std::uint64_t>(figures.goodput_gbps * static_cast<double>(window_ns) / 8);
  side.messages = side.bytes / point.size_bytes;
  side.bytes = side.messages * point.size_bytes;
  side.first_ns = 1'000'000;
  side.last_ns = 1'000'000 + window_ns;
  side.ledger.complete(handover, side.bytes);
  side.cpu.source = figures.cycles_per_byte > 0 ? CpuSource::tsc : CpuSource::cpu_time;
  side.cpu.worker_ns = window_ns / 2;
  side.cpu.other_ns = window_ns / 50;
  side.cpu.cycles = figures.cycles_per_byte * static_cast<double>(side.bytes) / 2;
  side.cpu.context_switches = 12;
  return side;
}

RoundRecord round_of(std::uint32_t number, const CellResult& cell, const Point& point, const Figures& figures) {
  constexpr std::int64_t window_ns = 120'000'000;
  RoundRecord round;
  round.restart = number % 2;
  round.round = number;
  round.accepted = number < accepted_rounds;
  round.gate_efficiency = round.accepted ? 0.99 : 0.61;
  Figures shaken = figures;
  shaken.goodput_gbps *= 1 + 0.01 * std::sin(number);
  round.sample.sender = side_of(shaken, point, window_ns, handover_of(cell.variant.id));
  round.sample.sender.facts = {{"congestion_control", "cubic"}};
  round.sample.sender.counters = {{"notifications", 7}};
  if (cell.has_receiver) round.sample.receiver = side_of(shaken, point, window_ns, Handover::kernel_by_design);
  if (figures.round_trip_us > 0) {
    for (int i = 0; i < 100; ++i) {
      round.sample.sender.latency.record(static_cast<std::uint64_t>(figures.round_trip_us * 1e3) + i * 10);
    }
  }
  return round;
}

void fill(CellResult& cell, const Point& point, const Figures& figures) {
  cell.form = "two processes";
  cell.sender_cores = {0};
  if (cell.has_receiver) cell.receiver_cores = {0};
  for (std::uint32_t number = 0; number <= accepted_rounds; ++number) {
    cell.rounds.push_back(round_of(number, cell, point, figures));
    if (!cell.rounds.back().accepted) continue;
    cell.sender_ledger += cell.rounds.back().sample.sender.ledger;
    cell.receiver_ledger += cell.rounds.back().sample.receiver.ledger;
  }
  (cell.has_receiver ? cell.goodput_gbps : cell.handed_over_gbps) = around(figures.goodput_gbps, 0.012);
  cell.messages_per_second = around(figures.goodput_gbps * 1e9 / 8 / static_cast<double>(point.size_bytes), 0.012);
  cell.cycles_per_byte = around(figures.cycles_per_byte, 0.02);
  if (figures.round_trip_us > 0) {
    const double p50 = figures.round_trip_us;
    cell.latency = {p50, p50 * 1.2, p50 * 1.6, p50 * 4, p50 * 30, 1000};
  }
  if (figures.cycles_per_byte > 0) cell.warnings.push_back({WarningKind::reference_cycles, "2.600 GHz"});
  if (handover_of(cell.variant.id) == Handover::kernel_after_request) {
    cell.warnings.push_back({WarningKind::copied_after_request, ""});
  }
}

CellResult& add_cell(ResultDocument& document, std::size_t point_index, const std::string& id, const Figures& figures) {
  PlannedPoint& planned = document.plan.points[point_index];
  CellResult cell;
  cell.point_index = point_index;
  cell.has_receiver = id != "null";
  cell.variant = variant_of(id, cell.has_receiver ? "lo" : "sink");
  cell.substrate = cell.has_receiver ? Substrate::soft_device : Substrate::same_host_memory;
  cell.copies_after =
      cell.has_receiver ? "zero-copy sends: all their payload, before it reaches the receiving socket" : "nothing";
  planned.variants.push_back(cell.variant);
  if (figures.goodput_gbps > 0) fill(cell, planned.point, figures);
  document.cells.push_back(std::move(cell));
  return document.cells.back();
}

std::size_t add_point(ResultDocument& document, Point point) {
  point.congestion_control = "cubic";
  point.placement = Placement::same_core;
  document.plan.points.push_back({std::move(point), {}});
  return document.plan.points.size() - 1;
}

void add_comparison(ResultDocument& document, std::size_t point_index, const std::string& candidate, Metric metric,
                    double ratio, Verdict verdict) {
  Comparison comparison;
  comparison.point_index = point_index;
  comparison.baseline = "tcp.send";
  comparison.candidate = candidate;
  comparison.metric = metric;
  comparison.rounds = accepted_rounds;
  comparison.ratio = around(ratio, 0.04);
  comparison.p_value = 0.001;
  comparison.adjusted_p_value = 0.004;
  comparison.verdict = verdict;
  document.comparisons.push_back(std::move(comparison));
}

void give_no_figures(CellResult& cell, CellStatus status, std::string reason, std::string remedy) {
  cell.status = status;
  cell.reason = std::move(reason);
  cell.remedy = std::move(remedy);
}

void add_streams(ResultDocument& document) {
  for (const std::uint64_t size : {4096, 65536, 1 << 20}) {
    Point point;
    point.size_bytes = size;
    point.depth = 8;
    const std::size_t index = add_point(document, point);
    const bool small = size == 4096, large = size == (1 << 20);
    add_cell(document, index, "null", {4000, 0, 0.001});
    add_cell(document, index, "tcp.send", {small ? 31.9 : 51.4, 0, 0.405});
    add_cell(document, index, "tcp.sendmsg", {small ? 31.7 : 56.1, 0, 0.37});
    CellResult& zerocopy = add_cell(document, index, "tcp.zerocopy", {large ? 0.0 : small ? 25.8 : 40.1, 0, 0.519});
    add_comparison(document, index, "tcp.sendmsg", Metric::goodput, small ? 0.99 : 1.09,
                   small ? Verdict::indistinguishable : Verdict::faster);
    add_comparison(document, index, "tcp.sendmsg", Metric::cpu, 0.91, Verdict::faster);
    if (large) {
      give_no_figures(zerocopy, CellStatus::failed, "the sender died: killed by signal 9",
                      "look for the OOM killer: dmesg");
      continue;
    }
    add_comparison(document, index, "tcp.zerocopy", Metric::goodput, 0.78, Verdict::slower);
    add_comparison(document, index, "tcp.zerocopy", Metric::cpu, 1.28, Verdict::slower);
  }
}

void add_ping_pong(ResultDocument& document) {
  Point point;
  point.workload = Workload::pingpong;
  point.size_bytes = 64;
  const std::size_t index = add_point(document, point);
  give_no_figures(add_cell(document, index, "null", {}), CellStatus::skipped, "null has no receiver to answer",
                  "take it out of this experiment");
  add_cell(document, index, "tcp.send", {0.13, 3.96, 0});
  add_cell(document, index, "tcp.zerocopy", {0.08, 5.57, 0});
  add_comparison(document, index, "tcp.zerocopy", Metric::latency_p50, 1.41, Verdict::slower);
}

void describe_run(ResultDocument& document) {
  document.environment.facts = {{"kernel", "Linux 6.18"}, {"cpu_model", "Some CPU"}, {"cpus_allowed", "2"}};
  document.gate.rounds_taken = 44;
  document.gate.rounds_rejected = 4;
}

}  // namespace

ResultDocument sample_document() {
  ResultDocument document;
  describe_run(document);
  document.plan.name = "quick";
  document.plan.summary = "Does zero-copy pay for TCP between two processes of this machine, and from which size on?";
  add_streams(document);
  add_ping_pong(document);
  document.findings = {{"Zero-copy loses below 10 KB", "PA02, question 1", "yes", "0.78 at 4K"},
                       {"It wins above", "PA02, question 2", "not here", "0.78 at 64K: loopback copies"}};
  document.warnings = {{WarningKind::cores_not_ours, "4 of 44 rounds"}};
  return document;
}

ResultDocument large_document() {
  ResultDocument document;
  describe_run(document);
  document.plan.name = "pa02";
  for (const std::uint32_t connections : {1, 2, 4, 8}) {
    for (const std::uint64_t size : {256, 1024, 4096, 16384}) {
      Point point;
      point.size_bytes = size;
      point.fields = 8;
      point.connections = connections;
      const std::size_t index = add_point(document, point);
      CellResult& send = add_cell(document, index, "tcp.send", {20, 0, 1.0});
      send.sender_ledger.user_copied_bytes = send.sender_ledger.completed_bytes;
      add_cell(document, index, "tcp.sendmsg", {22, 0, 0.9});
      add_cell(document, index, "tcp.zerocopy", {15, 0, 1.3});
      add_comparison(document, index, "tcp.sendmsg", Metric::goodput, 1.1, Verdict::faster);
      add_comparison(document, index, "tcp.zerocopy", Metric::goodput, 0.75, Verdict::slower);
    }
  }
  return document;
}

namespace {

// Nanoseconds from one message to the next; where the two lines meet is 50000 / connections bytes.
double message_ns(bool candidate, std::uint64_t size_bytes, std::uint32_t connections) {
  const double fixed = candidate ? 12000.0 / connections + 2000 : 2000;
  return fixed + (candidate ? 0.08 : 0.32) * static_cast<double>(size_bytes);
}

void add_crossover(ResultDocument& document, std::size_t point_index, double size_bytes) {
  Crossover crossover;
  crossover.point_index = point_index;
  crossover.baseline = "tcp.sendmsg@veth";
  crossover.candidate = "tcp.zerocopy@veth";
  crossover.verdict = CrossoverVerdict::at;
  crossover.size_bytes = {size_bytes, size_bytes * 0.85, size_bytes * 1.2};
  for (std::uint64_t size = 1024; size <= (1 << 20); size *= 2) crossover.sizes_tested.push_back(size);
  document.crossovers.push_back(std::move(crossover));
}

std::size_t add_sweep_point(ResultDocument& document, std::uint64_t size_bytes, std::uint32_t connections) {
  Point point;
  point.size_bytes = size_bytes;
  point.connections = connections;
  point.link.name = "veth";
  const std::size_t index = add_point(document, point);
  for (const bool candidate : {false, true}) {
    const double ns = message_ns(candidate, size_bytes, connections);
    CellResult& cell =
        add_cell(document, index, candidate ? "tcp.zerocopy" : "tcp.sendmsg",
                 {8 * static_cast<double>(size_bytes) / ns, 0, ns * 2.6 / static_cast<double>(size_bytes)});
    cell.variant.link.name = "veth";
    document.plan.points[index].variants.back() = cell.variant;
    cell.latency = {ns / 1e3, ns / 900, ns / 700, ns / 500, ns / 100, 5000};
  }
  const double ratio = message_ns(false, size_bytes, connections) / message_ns(true, size_bytes, connections);
  add_comparison(document, index, "tcp.zerocopy@veth", Metric::goodput, ratio,
                 ratio > 1.04   ? Verdict::faster
                 : ratio < 0.96 ? Verdict::slower
                                : Verdict::indistinguishable);
  document.comparisons.back().baseline = "tcp.sendmsg@veth";
  return index;
}

}  // namespace

ResultDocument sweep_document() {
  ResultDocument document;
  describe_run(document);
  document.plan.name = "zerocopy";
  document.plan.summary = "Where does zero-copy pay on this host, and from which size on?";
  for (const std::uint32_t connections : {1, 2, 4, 8}) {
    for (std::uint64_t size = 1024; size <= (1 << 20); size *= 2) {
      const std::size_t index = add_sweep_point(document, size, connections);
      if (size == 1024) add_crossover(document, index, 12000.0 / connections / 0.24);
    }
  }
  return document;
}

ResultDocument hostile_document() {
  ResultDocument document = sample_document();
  document.plan.name = document.plan.summary = hostile_text;
  document.broken_off_because = hostile_text;
  document.complete = false;
  document.environment.facts[hostile_text] = hostile_text;
  document.environment.facts["cpu_model"] = hostile_text;
  for (Finding& finding : document.findings) finding = {hostile_text, hostile_text, hostile_text, hostile_text};
  document.warnings = {{WarningKind::noisy, hostile_text}};
  for (CellResult& cell : document.cells) {
    cell.reason = cell.remedy = cell.copies_after = cell.form = hostile_text;
    cell.link_facts = {{"tso", hostile_text}};
    cell.warnings = {{WarningKind::losses, hostile_text}};
    cell.variant.label = cell.variant.id + hostile_text;
  }
  return document;
}

}  // namespace xover
