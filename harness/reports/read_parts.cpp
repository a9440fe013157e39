// Samples, rounds and cells. What is derived from other figures of the file is passed over.
#include "harness/reports/read_parts.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/quote.h"
#include "harness/experiment/axes.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

constexpr double absent = std::numeric_limits<double>::quiet_NaN();  // as the writers leave it out

// No file has rounds enough for the sum of such times to overflow.
constexpr std::int64_t longest_ns = INT64_MAX >> 17;

std::optional<double> optional_figure(const JsonPlace& object, const char* key) {
  const auto found = object.find(key);
  return found ? std::optional(found->number()) : std::nullopt;
}

std::optional<std::uint64_t> optional_count(const JsonPlace& object, const char* key) {
  const auto found = object.find(key);
  return found ? std::optional(found->count()) : std::nullopt;
}

std::string text_if_any(const JsonPlace& object, const char* key) {
  const auto found = object.find(key);
  return found ? found->text() : std::string{};
}

CpuUsage read_cpu(const JsonPlace& object) {
  CpuUsage cpu;
  cpu.source = object["source"].one_of(CpuSource::cpu_time, [](CpuSource source) { return name_of(source); });
  cpu.worker_ns = object["worker_ns"].integer(0, longest_ns);
  if (const auto other = object.find("other_ns")) cpu.other_ns = other->integer(-longest_ns, longest_ns);
  if (cpu.source != CpuSource::cpu_time)
    cpu.cycles = figure_or_absent(object, cpu.source == CpuSource::pmu ? "cycles" : "reference_cycles");
  cpu.instructions = optional_count(object, "instructions");
  cpu.llc_misses = optional_count(object, "llc_misses");
  cpu.l1d_misses = optional_count(object, "l1d_misses");
  cpu.context_switches = object["context_switches"].count();
  cpu.page_faults = object["page_faults"].count();
  return cpu;
}

Ledger read_ledger(const JsonPlace& object) {
  Ledger ledger;
  ledger.completed_bytes = object["completed"].count();
  ledger.user_copied_bytes = object["user_copied"].count();
  for (std::size_t i = 0; i < handover_classes; ++i) {
    const std::string name(to_string(static_cast<Handover>(i)));
    ledger.handover_bytes[i] = object[name.c_str()].count();
  }
  return ledger;
}

CopyShare read_copy_share(const JsonPlace& object) {
  CopyShare share;
  share.available = object["available"].flag();
  share.reason = text_if_any(object, "reason");
  if (!share.available) return share;
  share.samples = object["samples"].count();
  share.copy_samples = object["copy_samples"].count();
  share.pin_samples = object["pin_samples"].count();
  return share;
}

SideReport read_side(const JsonPlace& object) {
  SideReport side;
  side.messages = object["messages"].count();
  side.bytes = object["bytes"].count();
  side.lost_messages = optional_count(object, "lost_messages").value_or(0);
  side.cpu = read_cpu(object["cpu"]);
  side.ledger = read_ledger(object["ledger"]);
  side.counters = object["counters"].counts();
  side.busy = std::exchange(side.counters["busy"], 0);
  side.counters.erase("busy");
  if (const auto share = object.find("copy_share")) side.copy_share = read_copy_share(*share);
  return side;
}

RoundRecord read_round(const JsonPlace& object) {
  RoundRecord round;
  round.restart = object["restart"].count32();
  round.round = object["round"].count32();
  round.accepted = object["accepted"].flag();
  round.gate_efficiency = figure_or_absent(object, "gate_efficiency");
  if (const auto speed = object.find("yardstick_gbps"))
    round.speed = MachineSpeed{figure_or_absent(*speed, "before"), figure_or_absent(*speed, "after")};
  Sample& sample = round.sample;
  sample.sender = read_side(object["sender"]);
  if (const auto receiver = object.find("receiver")) sample.receiver = read_side(*receiver);
  // A sample's moments begin at 0; its window ends with the last byte's arrival, or departure where nobody received.
  sample.sender.last_ns = sample.receiver.last_ns = object["window_ns"].integer(-longest_ns, longest_ns);
  if (const auto uncertainty = object.find("clock_uncertainty_ns"))
    sample.clock_uncertainty_ns = uncertainty->integer(0, longest_ns);
  if (const auto latency = object.find("latency_us"))
    sample.latency_read = LatencyRead{optional_figure(*latency, "p50"), optional_figure(*latency, "p99")};
  return round;
}

LatencySummary read_latency(const JsonPlace& object) {
  return {figure_or_absent(object, "p50"),  figure_or_absent(object, "p90"), figure_or_absent(object, "p99"),
          figure_or_absent(object, "p999"), figure_or_absent(object, "max"), object["count"].count()};
}

std::vector<unsigned> read_cores(const JsonPlace& list) {
  std::vector<unsigned> cores;
  list.each_element([&](const JsonPlace& core) { cores.push_back(core.count32()); });
  return cores;
}

// The plan has the whole variant; the cell names it.
Variant read_variant(const JsonPlace& object, const PlannedPoint& planned) {
  const JsonPlace place = object["variant"];
  const std::string name = place.text();
  const auto found = std::find_if(planned.variants.begin(), planned.variants.end(),
                                  [&](const Variant& variant) { return variant.name() == name; });
  if (found != planned.variants.end()) return *found;
  place.wrong(fmt::format("{} is no variant of this cell's point in the plan", in_quotes(name)));
  return {};
}

void read_figures(CellResult& cell, const JsonPlace& object) {
  const auto interval = [](const JsonPlace& at, const char* key) {
    const auto found = at.find(key);
    return found ? read_interval(*found) : Interval{};
  };
  cell.goodput_gbps = interval(object, "goodput_gbps");
  cell.handed_over_gbps = interval(object, "handed_over_gbps");
  cell.messages_per_second = interval(object, "messages_per_second");
  if (const auto cpu = object.find("cpu")) cell.cycles_per_byte = interval(*cpu, "cycles_per_byte");
  if (const auto latency = object.find("latency_us")) cell.latency = read_latency(*latency);
  if (const auto ledger = object.find("ledger")) {
    cell.sender_ledger = read_ledger((*ledger)["sender"]);
    cell.receiver_ledger = read_ledger((*ledger)["receiver"]);
  }
}

void read_rounds(CellResult& cell, const JsonPlace& object) {
  object["rounds"].each_element([&](const JsonPlace& round) {
    cell.rounds.push_back(read_round(round));
    cell.has_receiver = round.find("receiver").has_value();
  });
  const auto facts = object.find("facts");
  if (!facts) return;
  const auto of_sender = (*facts)["sender"].texts(), of_receiver = (*facts)["receiver"].texts();
  for (RoundRecord& round : cell.rounds) {
    round.sample.sender.facts = of_sender;
    round.sample.receiver.facts = of_receiver;
  }
}

}  // namespace

double figure_or_absent(const JsonPlace& object, const char* key) {
  const auto found = object.find(key);
  return found ? found->number() : absent;
}

Interval read_interval(const JsonPlace& place) {
  return {place["median"].number(), figure_or_absent(place, "low"), figure_or_absent(place, "high")};
}

std::size_t read_point_index(const JsonPlace& object, const Plan& plan) {
  const JsonPlace place = object["point"];
  const std::uint64_t index = place.count();
  if (index < plan.points.size()) return index;
  place.wrong(fmt::format("the plan has only {} points, and none with the number {}", plan.points.size(), index));
  return 0;
}

Metric read_metric(const JsonPlace& place) {
  return place.one_of(Metric::latency_p99, [](Metric metric) { return name_of(metric); });
}

Warning read_warning(const JsonPlace& place) {
  Warning warning{place["kind"].one_of(last_warning, [](WarningKind kind) { return to_string(kind); }), {}};
  warning.detail = text_if_any(place, "detail");
  return warning;
}

bool read_virtual_clock(const JsonPlace& object) {
  return object["clock"].one_of(1, [](int is_virtual) { return clock_name(is_virtual != 0); }) != 0;
}

Point read_axes(const JsonPlace& object) {
  Point point;
  for (const Axis& axis : axes()) {
    const auto place = object.find(std::string(axis.name).c_str());
    if (!place) continue;
    if (axis.kind == FieldKind::choice || axis.kind == FieldKind::text) {
      if (auto set = axis.set(point, place->text()); !set) place->wrong(set.error().message());
    } else {
      axis.write_number(point, place->integer(axis.least, axis.greatest));
    }
  }
  return point;
}

CellResult read_cell(const JsonPlace& place, const Plan& plan) {
  CellResult cell;
  cell.point_index = read_point_index(place, plan);
  if (cell.point_index >= plan.points.size()) return cell;  // it has none
  cell.variant = read_variant(place, plan.points[cell.point_index]);
  cell.status = place["status"].one_of(CellStatus::failed, [](CellStatus status) { return name_of(status); });
  cell.reason = text_if_any(place, "reason");
  cell.remedy = text_if_any(place, "remedy");
  cell.substrate =
      place["substrate"].one_of(Substrate::simulated, [](Substrate substrate) { return to_string(substrate); });
  cell.copies_after = text_if_any(place, "copies_after");
  if (const auto facts = place.find("link_facts")) cell.link_facts = facts->texts();
  cell.form = text_if_any(place, "form");
  cell.sender_cores = read_cores(place["sender_cores"]);
  cell.receiver_cores = read_cores(place["receiver_cores"]);
  place["warnings"].each_element([&](const JsonPlace& warning) { cell.warnings.push_back(read_warning(warning)); });
  read_rounds(cell, place);
  read_figures(cell, place);
  return cell;
}

}  // namespace xover
