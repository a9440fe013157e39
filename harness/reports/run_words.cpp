// Facts and plan into phrases; troubles into sentences.
#include "harness/reports/run_words.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/measurement/lab_guest.h"
#include "harness/reports/section.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

bool several_workloads(const ResultDocument& document) {
  const auto& points = document.plan.points;
  return std::any_of(points.begin(), points.end(), [&](const PlannedPoint& planned) {
    return planned.point.workload != points.front().point.workload;
  });
}

// "stream, size 64K, 4 connections": what tells the point from the others of the run.
std::string place_text(const ResultDocument& document, const CellResult& cell) {
  const Point& point = point_of(cell, document);
  std::vector<std::string> parts;
  if (several_workloads(document)) parts.push_back(find_axis("workload")->get(point));
  for (const Axis* axis : varying_axes(document, point.workload)) parts.push_back(axis_text(*axis, point));
  return parts.empty() ? std::string("every point") : fmt::format("{}", fmt::join(parts, ", "));
}

std::string without_full_stop(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string machine_text(const Environment& environment) {
  const auto fact = [&](const char* name) {
    const auto found = environment.facts.find(name);
    return found == environment.facts.end() ? std::string{} : found->second;
  };
  const std::string cpus = fact("cpus_allowed"), hypervisor = fact("hypervisor");
  std::vector<std::string> parts{fact("cpu_model")};
  if (!cpus.empty()) parts.push_back(fmt::format("{} CPU{}", cpus, cpus == "1" ? "" : "s"));
  parts.push_back(fact("kernel"));
  parts.push_back(fact("distribution"));
  if (const auto emulator = emulator_of(environment)) {
    parts.push_back(fmt::format("EMULATED ({})", *emulator));
  } else if (!hypervisor.empty() && hypervisor != "none") {
    parts.push_back("a virtual machine");
  }
  std::erase(parts, std::string{});
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string peer_text(const PeerHost& peer) {
  return fmt::format("{}: {}", peer.address, machine_text(peer.environment));
}

std::string measured_text(const ResultDocument& document) {
  const Plan& plan = document.plan;
  std::set<std::string> variants;
  for (const PlannedPoint& planned : plan.points) {
    for (const Variant& variant : planned.variants) variants.insert(variant.name());
  }
  const std::string rounds = plan.max_rounds > plan.rounds
                                 ? fmt::format("{} to {} rounds", plan.rounds, plan.max_rounds)
                                 : counted(plan.rounds, "round");
  return fmt::format("{} at {}, {} of {} each, {} of the agents", counted(variants.size(), "transport"),
                     counted(plan.points.size(), "point"), rounds, format_duration(plan.duration_ns),
                     counted(plan.restarts, "start"));
}

std::string gate_text(const ResultDocument& document) {
  const GateAccount& gate = document.gate;
  if (!document.plan.gate) return "off: nothing was checked for other work on the cores";
  std::string text = fmt::format("{} taken, {} rejected because the cores were not all ours",
                                 counted(gate.rounds_taken, "round"), gate.rounds_rejected);
  std::vector<std::string> shares;
  for (const auto& [variant, count] : gate.rejected_by_variant) shares.push_back(fmt::format("{} {}", variant, count));
  if (!shares.empty()) text += fmt::format(" ({})", fmt::join(shares, ", "));
  return text;
}

std::string ending_text(const ResultDocument& document) {
  return fmt::format("after {}, the budget: not all rounds were taken", format_duration(document.plan.budget_ns));
}

std::string broken_off_text(const ResultDocument& document) {
  const std::string& because = document.broken_off_because;
  const std::string why = because.empty() ? std::string{} : fmt::format(": {}", because);
  return fmt::format("BROKEN OFF{}. Here is what was measured until then.", why);
}

std::vector<std::string> not_measured_sentences(const ResultDocument& document) {
  std::map<std::tuple<std::string, CellStatus, std::string, std::string>, std::vector<std::string>> troubles;
  for (const CellResult& cell : document.cells) {
    if (cell.status == CellStatus::ok) continue;
    troubles[{cell.variant.name(), cell.status, cell.reason, cell.remedy}].push_back(place_text(document, cell));
  }
  std::vector<std::string> items;
  for (const auto& [trouble, places] : troubles) {
    const auto& [variant, status, reason, remedy] = trouble;
    const std::string where =
        places.size() > 3 ? fmt::format("{} points", places.size()) : fmt::format("{}", fmt::join(places, "; "));
    std::string item = fmt::format("{} ({}) {}: {}.", variant, where,
                                   status == CellStatus::failed ? "failed" : "was skipped", without_full_stop(reason));
    if (!remedy.empty()) item += fmt::format(" What to do: {}.", without_full_stop(remedy));
    items.push_back(std::move(item));
  }
  return items;
}

std::vector<std::string> marked_emulated(std::vector<std::string> sentences) {
  for (std::string& sentence : sentences) sentence.insert(0, "[emulated] ");
  return sentences;
}

}  // namespace xover
