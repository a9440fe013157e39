// Totals of a cell are those of its accepted rounds; the aggregates come ready from analysis/.
#include "harness/reports/json_parts.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "harness/analysis/account.h"
#include "harness/analysis/figures.h"
#include "harness/experiment/axes.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

void put_cpu(Json& object, const CpuUsage& cpu) {
  object["worker_ns"] = cpu.worker_ns;
  if (cpu.other_ns) object["other_ns"] = *cpu.other_ns;
  if (cpu.source != CpuSource::cpu_time) {
    put_figure(object, cpu.source == CpuSource::pmu ? "cycles" : "reference_cycles", cpu.cycles);
  }
  if (cpu.instructions) object["instructions"] = *cpu.instructions;
  if (cpu.llc_misses) object["llc_misses"] = *cpu.llc_misses;
  if (cpu.l1d_misses) object["l1d_misses"] = *cpu.l1d_misses;
  object["context_switches"] = cpu.context_switches;
  object["page_faults"] = cpu.page_faults;
}

Json ledger_json(const Ledger& ledger) {
  Json object{{"completed", ledger.completed_bytes}, {"user_copied", ledger.user_copied_bytes}};
  for (std::size_t i = 0; i < handover_classes; ++i) {
    const auto handover = static_cast<Handover>(i);
    object[std::string(to_string(handover))] = ledger[handover];
  }
  return object;
}

Json copy_share_json(const CopyShare& copy_share) {
  Json object{{"available", copy_share.available}};
  put_text(object, "reason", copy_share.reason);
  if (!copy_share.available) return object;
  object["samples"] = copy_share.samples;
  object["copy_samples"] = copy_share.copy_samples;
  object["pin_samples"] = copy_share.pin_samples;
  if (copy_share.samples > 0) put_figure(object, "share", copy_share.share());
  return object;
}

bool has_copy_share(const CopyShare& copy_share) { return copy_share.available || !copy_share.reason.empty(); }

// A session may count its busy submits as well, those of the warm-up among them: what the harness saw stands.
Json counters_json(const SideReport& side) {
  Json object{{"busy", side.busy}};
  for (const auto& [name, value] : side.counters) object.emplace(name, value);
  return object;
}

Json side_json(const SideReport& side) {
  Json object{{"messages", side.messages}, {"bytes", side.bytes}};
  if (side.lost_messages > 0) object["lost_messages"] = side.lost_messages;
  Json cpu{{"source", name_of(side.cpu.source)}};
  put_cpu(cpu, side.cpu);
  object["cpu"] = std::move(cpu);
  object["ledger"] = ledger_json(side.ledger);
  object["counters"] = counters_json(side);
  if (has_copy_share(side.copy_share)) object["copy_share"] = copy_share_json(side.copy_share);
  return object;
}

// What the accepted rounds of a cell sum to.
struct CellTotals {
  std::uint32_t rounds = 0;
  SideReport sender, receiver;
  CpuUsage cpu;  // of both sides
};

void add(SideReport& total, const SideReport& side, bool first) {
  total.messages += side.messages;
  total.bytes += side.bytes;
  total.lost_messages += side.lost_messages;
  total.busy += side.busy;
  for (const auto& [name, value] : side.counters) {
    std::uint64_t& sum = total.counters[name];
    sum = is_level(name) ? std::max(sum, value) : sum + value;
  }
  // The first is taken as it is: adding to an empty one would lose which figures exist and where they are from.
  if (first) {
    total.copy_share = side.copy_share;
  } else {
    total.copy_share += side.copy_share;
  }
}

CellTotals totals_of(const CellResult& cell) {
  CellTotals totals;
  for (const RoundRecord& round : cell.rounds) {
    if (!round.accepted) continue;
    const bool first = totals.rounds++ == 0;
    add(totals.sender, round.sample.sender, first);
    add(totals.receiver, round.sample.receiver, first);
    CpuUsage both = round.sample.sender.cpu;
    if (cell.has_receiver) both += round.sample.receiver.cpu;
    if (first) {
      totals.cpu = both;
    } else {
      totals.cpu += both;
    }
  }
  return totals;
}

void put_latency(Json& object, const LatencySummary& latency, Workload workload) {
  if (latency.count == 0) return;
  Json figures{{"kind", latency_kind(workload)}};
  put_figure(figures, "p50", latency.p50_us);
  put_figure(figures, "p90", latency.p90_us);
  put_figure(figures, "p99", latency.p99_us);
  put_figure(figures, "p999", latency.p999_us);
  put_figure(figures, "max", latency.max_us);
  figures["count"] = latency.count;
  object["latency_us"] = std::move(figures);
}

Json account_json(const SideAccount& account) {
  Json object{{"transfers", account.transfers}, {"phases", Json::object()}};
  for (const AccountPhase& phase : account.phases)
    object["phases"][std::string(phase.name)] = {{"ns_per_message", phase.ns_per_message}, {"share", phase.share}};
  put_figure(object, "hit_rate", account.hit_rate);
  object["peak_pinned_bytes"] = account.peak_pinned_bytes;
  for (const AccountCount& count : account.counts) object["counts"][count.name] = count.count;
  object["bcopy_because"] = Json::object();
  for (const AccountCount& reason : account.bcopy_because) object["bcopy_because"][reason.name] = reason.count;
  return object;
}

void put_account(Json& object, const CellResult& cell, const Point& point) {
  if (const auto account = account_of(cell, point))
    object["account"] = {{"sender", account_json(account->sender)}, {"receiver", account_json(account->receiver)}};
}

// The same in every round: the first one's stand for all.
void put_facts(Json& object, const Sample& sample) {
  if (sample.sender.facts.empty() && sample.receiver.facts.empty()) return;
  object["facts"] = {{"sender", sample.sender.facts}, {"receiver", sample.receiver.facts}};
}

void put_identity(Json& object, const CellResult& cell, const Point& point) {
  object["point"] = cell.point_index;
  object["transport"] = cell.variant.id;
  object["variant"] = cell.variant.name();
  put_text(object, "label", cell.variant.label);
  Json options = Json::object();
  for (const auto& [name, value] : cell.variant.options) options[name] = value;
  object["options"] = std::move(options);
  put_axes(object, point);
  object["link"] = link_of(cell, point).text();
  object["status"] = name_of(cell.status);
  put_text(object, "reason", cell.reason);
  put_text(object, "remedy", cell.remedy);
  object["substrate"] = to_string(cell.substrate);
  object["clock"] = clock_name(cell.virtual_time());
  put_text(object, "copies_after", cell.copies_after);
  if (!cell.link_facts.empty()) object["link_facts"] = cell.link_facts;
  put_text(object, "form", cell.form);
  object["sender_cores"] = cell.sender_cores;
  object["receiver_cores"] = cell.receiver_cores;
  object["warnings"] = Json::array();
  for (const Warning& warning : cell.warnings) object["warnings"].push_back(to_json(warning));
}

void put_figures(Json& object, const CellResult& cell, const CellTotals& totals, Workload workload) {
  put_interval(object, cell.has_receiver ? "goodput_gbps" : "handed_over_gbps",
               cell.has_receiver ? cell.goodput_gbps : cell.handed_over_gbps);
  put_interval(object, "messages_per_second", cell.messages_per_second);
  object["messages"] = cell.has_receiver ? totals.receiver.messages : totals.sender.messages;
  object["bytes"] = cell.has_receiver ? totals.receiver.bytes : totals.sender.bytes;
  if (totals.receiver.lost_messages > 0) object["lost_messages"] = totals.receiver.lost_messages;
  put_latency(object, cell.latency, workload);

  Json cpu{{"source", name_of(totals.cpu.source)}};
  put_interval(cpu, "cycles_per_byte", cell.cycles_per_byte);
  put_cpu(cpu, totals.cpu);
  object["cpu"] = std::move(cpu);
  object["ledger"] = {{"sender", ledger_json(cell.sender_ledger)}, {"receiver", ledger_json(cell.receiver_ledger)}};
  object["counters"] = {{"sender", counters_json(totals.sender)}, {"receiver", counters_json(totals.receiver)}};
  if (has_copy_share(totals.sender.copy_share)) object["copy_share"] = copy_share_json(totals.sender.copy_share);
}

}  // namespace

void put_figure(Json& object, std::string_view key, std::optional<double> value) {
  if (value && std::isfinite(*value)) object[std::string(key)] = *value;
}

void put_interval(Json& object, std::string_view key, const Interval& interval) {
  if (!(interval.median > 0) || !std::isfinite(interval.median)) return;
  Json figures{{"median", interval.median}};
  put_figure(figures, "low", interval.low);
  put_figure(figures, "high", interval.high);
  object[std::string(key)] = std::move(figures);
}

void put_text(Json& object, std::string_view key, std::string_view text) {
  if (!text.empty()) object[std::string(key)] = text;
}

void put_axes(Json& object, const Point& point) {
  for (const Axis& axis : axes()) {
    std::visit([&](auto&& value) { object[std::string(axis.name)] = value; }, axis.value(point));
  }
}

Json to_json(const Warning& warning) {
  Json object{{"kind", to_string(warning.kind)}};
  put_text(object, "detail", warning.detail);
  object["advice"] = advice(warning.kind);
  return object;
}

Json to_json(const RoundRecord& round, const CellResult& cell) {
  Json object{{"restart", round.restart}, {"round", round.round}, {"accepted", round.accepted}};
  put_figure(object, "gate_efficiency", round.gate_efficiency);
  if (round.speed) {
    Json speed = Json::object();
    put_figure(speed, "before", round.speed->before_gbps);
    put_figure(speed, "after", round.speed->after_gbps);
    object["yardstick_gbps"] = std::move(speed);
  }
  const Sample& sample = round.sample;
  object["window_ns"] = sample.window_ns();
  if (sample.clock_uncertainty_ns > 0) object["clock_uncertainty_ns"] = sample.clock_uncertainty_ns;
  put_figure(object, cell.has_receiver ? "goodput_gbps" : "handed_over_gbps",
             metric_figure(Metric::goodput, cell, sample));
  put_figure(object, "messages_per_second", messages_per_second(cell, sample));
  put_figure(object, "cycles_per_byte", cycles_per_byte(cell, sample));
  if (has_latency(sample)) {
    Json latency = Json::object();
    put_figure(latency, "p50", latency_us(sample, 50));
    put_figure(latency, "p99", latency_us(sample, 99));
    object["latency_us"] = std::move(latency);
  }
  object["sender"] = side_json(sample.sender);
  if (cell.has_receiver) object["receiver"] = side_json(sample.receiver);
  return object;
}

Json to_json(const CellResult& cell, const Point& point) {
  Json object;
  put_identity(object, cell, point);
  const CellTotals totals = totals_of(cell);
  object["rounds_accepted"] = totals.rounds;
  if (totals.rounds > 0) put_figures(object, cell, totals, point.workload);
  put_account(object, cell, point);
  if (!cell.rounds.empty()) put_facts(object, cell.rounds.front().sample);
  object["rounds"] = Json::array();
  for (const RoundRecord& round : cell.rounds) object["rounds"].push_back(to_json(round, cell));
  return object;
}

}  // namespace xover
