// One table of columns says both the header and the fields, so they cannot drift apart.
#include "harness/reports/csv.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "harness/analysis/figures.h"
#include "harness/experiment/axes.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

struct Line {
  const CellResult& cell;
  const Point& point;
  const RoundRecord* round;  // null: the cell has none
};

struct Column {
  std::string_view name;
  std::string (*field)(const Line&);
};

template <typename Number>
std::string whole(Number value) {
  return fmt::format("{}", value);
}

template <typename Number>
std::string figure(const std::optional<Number>& value) {
  return value ? whole(*value) : std::string{};
}

std::string cycles(const CpuUsage& cpu) {
  return cpu.source == CpuSource::cpu_time ? std::string{} : whole(cpu.cycles);
}

bool is_emulated(const CellResult& cell) {
  return std::any_of(cell.warnings.begin(), cell.warnings.end(),
                     [](const Warning& warning) { return warning.kind == WarningKind::emulated_speeds; });
}

constexpr std::array cell_columns{
    Column{"transport", [](const Line& line) { return line.cell.variant.id; }},
    Column{"variant", [](const Line& line) { return line.cell.variant.name(); }},
    Column{"status", [](const Line& line) { return std::string(name_of(line.cell.status)); }},
    Column{"reason", [](const Line& line) { return line.cell.reason; }},
    Column{"substrate", [](const Line& line) { return std::string(to_string(line.cell.substrate)); }},
    Column{"clock", [](const Line& line) { return std::string(clock_name(line.cell.virtual_time())); }},
    Column{"emulated", [](const Line& line) { return std::string(is_emulated(line.cell) ? "true" : "false"); }},
};

const SideReport& sender(const Line& line) { return line.round->sample.sender; }
const SideReport& receiver(const Line& line) { return line.round->sample.receiver; }

std::string booked(const SideReport& side, Handover handover) { return whole(side.ledger[handover]); }

// Asked only of lines that have a round.
constexpr std::array round_columns{
    Column{"restart", [](const Line& line) { return whole(line.round->restart); }},
    Column{"round", [](const Line& line) { return whole(line.round->round); }},
    Column{"accepted", [](const Line& line) { return std::string(line.round->accepted ? "true" : "false"); }},
    Column{"gate_efficiency", [](const Line& line) { return whole(line.round->gate_efficiency); }},
    Column{"yardstick_before_gbps",
           [](const Line& line) { return line.round->speed ? whole(line.round->speed->before_gbps) : std::string{}; }},
    Column{"yardstick_after_gbps",
           [](const Line& line) { return line.round->speed ? whole(line.round->speed->after_gbps) : std::string{}; }},
    Column{"window_ns", [](const Line& line) { return whole(line.round->sample.window_ns()); }},
    Column{"goodput_gbps", [](const Line& line) { return figure(goodput_gbps(line.cell, line.round->sample)); }},
    Column{"handed_over_gbps",
           [](const Line& line) {
             return line.cell.has_receiver ? std::string{} : figure(handed_over_gbps(line.cell, line.round->sample));
           }},
    Column{"sent_messages", [](const Line& line) { return whole(sender(line).messages); }},
    Column{"received_messages", [](const Line& line) { return whole(receiver(line).messages); }},
    Column{"lost_messages", [](const Line& line) { return whole(receiver(line).lost_messages); }},
    Column{"received_bytes", [](const Line& line) { return whole(receiver(line).bytes); }},
    Column{"busy", [](const Line& line) { return whole(sender(line).busy); }},
    Column{"latency_kind", [](const Line& line) { return std::string(latency_kind(line.point.workload)); }},
    Column{"latency_p50_us", [](const Line& line) { return figure(latency_us(line.round->sample, 50)); }},
    Column{"latency_p99_us", [](const Line& line) { return figure(latency_us(line.round->sample, 99)); }},
    Column{"cpu_source", [](const Line& line) { return std::string(name_of(sender(line).cpu.source)); }},
    Column{"sender_cycles", [](const Line& line) { return cycles(sender(line).cpu); }},
    Column{"receiver_cycles", [](const Line& line) { return cycles(receiver(line).cpu); }},
    Column{"sender_worker_ns", [](const Line& line) { return whole(sender(line).cpu.worker_ns); }},
    Column{"receiver_worker_ns", [](const Line& line) { return whole(receiver(line).cpu.worker_ns); }},
    Column{"sender_other_ns", [](const Line& line) { return figure(sender(line).cpu.other_ns); }},
    Column{"receiver_other_ns", [](const Line& line) { return figure(receiver(line).cpu.other_ns); }},
    Column{"sender_llc_misses", [](const Line& line) { return figure(sender(line).cpu.llc_misses); }},
    Column{"receiver_llc_misses", [](const Line& line) { return figure(receiver(line).cpu.llc_misses); }},
    Column{"sender_context_switches", [](const Line& line) { return whole(sender(line).cpu.context_switches); }},
    Column{"receiver_context_switches", [](const Line& line) { return whole(receiver(line).cpu.context_switches); }},
    Column{"sender_user_copied", [](const Line& line) { return whole(sender(line).ledger.user_copied_bytes); }},
    Column{"sender_kernel_by_design",
           [](const Line& line) { return booked(sender(line), Handover::kernel_by_design); }},
    Column{"sender_kernel_after_request",
           [](const Line& line) { return booked(sender(line), Handover::kernel_after_request); }},
    Column{"sender_driver", [](const Line& line) { return booked(sender(line), Handover::driver); }},
    Column{"sender_zero_copied", [](const Line& line) { return booked(sender(line), Handover::zero_copied); }},
    Column{"sender_unverified", [](const Line& line) { return booked(sender(line), Handover::unverified); }},
};

class CsvText {
 public:
  void field(std::string_view value) {
    if (!line_is_empty_) text_ += ',';
    line_is_empty_ = false;
    if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
      text_ += value;
      return;
    }
    text_ += '"';
    for (const char c : value) text_ += c == '"' ? std::string("\"\"") : std::string(1, c);
    text_ += '"';
  }

  void end_line() {
    text_ += "\r\n";
    line_is_empty_ = true;
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  bool line_is_empty_ = true;
};

// As in the JSON file: the cell's own link stands for the axis, sizes are in bytes, durations in nanoseconds.
std::string axis_field(const Axis& axis, const Line& line) {
  if (axis.name == "link") return link_of(line.cell, line.point).text();
  const FieldValue value = axis.value(line.point);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return whole(*number);
  return axis.get(line.point);
}

void add_header(CsvText& csv) {
  for (const Column& column : cell_columns) csv.field(column.name);
  for (const Axis& axis : axes()) csv.field(axis.name);
  for (const Column& column : round_columns) csv.field(column.name);
  csv.end_line();
}

void add_line(CsvText& csv, const Line& line) {
  for (const Column& column : cell_columns) csv.field(column.field(line));
  for (const Axis& axis : axes()) csv.field(axis_field(axis, line));
  for (const Column& column : round_columns) csv.field(line.round == nullptr ? std::string{} : column.field(line));
  csv.end_line();
}

}  // namespace

std::string to_csv(const ResultDocument& document) {
  CsvText csv;
  add_header(csv);
  for (const CellResult& cell : document.cells) {
    const Point& point = point_of(cell, document);
    for (const RoundRecord& round : cell.rounds) add_line(csv, {cell, point, &round});
    if (cell.rounds.empty()) add_line(csv, {cell, point, nullptr});
  }
  return csv.take();
}

}  // namespace xover
