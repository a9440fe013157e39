// The blocks of the final report, each a function from the document to text.
#include "harness/reports/print_run.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/measurement/lab_guest.h"
#include "harness/reports/account_table.h"
#include "harness/reports/crossover_sentences.h"
#include "harness/reports/section.h"
#include "harness/reports/sentences.h"
#include "harness/reports/table.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

constexpr std::string_view bullet = "  * ";

std::string title(const Terminal& terminal, std::string_view text) {
  return '\n' + inked(terminal, Ink::strong, text) + '\n';
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

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

std::string measured_text(const ResultDocument& document) {
  const Plan& plan = document.plan;
  std::set<std::string> variants;
  for (const PlannedPoint& planned : plan.points) {
    for (const Variant& variant : planned.variants) variants.insert(variant.name());
  }
  const std::string rounds = plan.max_rounds > plan.rounds ? fmt::format("{} to {}", plan.rounds, plan.max_rounds)
                                                           : fmt::format("{}", plan.rounds);
  return fmt::format("{} at {}, {} rounds of {} each, {} of the agents", counted(variants.size(), "transport"),
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

std::string header(const ResultDocument& document, const Terminal& terminal) {
  const Plan& plan = document.plan;
  const std::string question = plan.summary.empty() ? plan.name : fmt::format("{}: {}", plan.name, plan.summary);
  std::string text = inked(terminal, Ink::strong, wrapped(question, terminal.columns));
  if (const std::string machine = machine_text(document.environment); !machine.empty()) {
    text += wrapped(machine, terminal.columns, "machine   ");
  }
  text += wrapped(measured_text(document), terminal.columns, "measured  ");
  text += wrapped(gate_text(document), terminal.columns, "gate      ");
  if (document.budget_spent) {
    const std::string budget = format_duration(document.plan.budget_ns);
    const std::string ending = fmt::format("after {}, the budget: not all rounds were taken", budget);
    text += wrapped(ending, terminal.columns, "ended     ");
  }
  if (!document.complete) {
    const std::string& because = document.broken_off_because;
    const std::string why = because.empty() ? std::string{} : fmt::format(": {}", because);
    text += '\n' +
            inked(terminal, Ink::bad,
                  wrapped(fmt::format("BROKEN OFF{}. Here is what was measured until then.", why), terminal.columns));
  }
  return text + '\n';
}

std::string bullets(const std::vector<std::string>& items, const Terminal& terminal) {
  std::string text;
  for (const std::string& item : items) text += wrapped(item, terminal.columns, bullet);
  return text;
}

// The crossovers first: they are what a sweep over sizes is for.
std::string who_won(const ResultDocument& document, const Terminal& terminal) {
  std::string text;
  if (const auto sentences = crossover_sentences(document); !sentences.empty())
    text += title(terminal, "from which size on") + bullets(sentences, terminal);
  if (const auto sentences = comparison_sentences(document); !sentences.empty())
    text += title(terminal, "who won") + bullets(sentences, terminal);
  return text;
}

// A sentence that somebody quotes must not lose where it is from.
std::vector<std::string> marked_emulated(std::vector<std::string> sentences) {
  for (std::string& sentence : sentences) sentence.insert(0, "[emulated] ");
  return sentences;
}

// The same on a machine whose speeds are an emulator's: told apart from evidence.
std::string who_won_in_emulation(const ResultDocument& document, const Terminal& terminal) {
  std::string text;
  if (const auto sentences = comparison_sentences(document); !sentences.empty())
    text += title(terminal, "who won on this emulated machine, which says nothing about hardware") +
            bullets(marked_emulated(sentences), terminal);
  if (const auto sentences = crossover_sentences(document); !sentences.empty())
    text += title(terminal, "crossovers of this emulated machine: no evidence, they say nothing about hardware") +
            bullets(marked_emulated(sentences), terminal);
  return text;
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

// Cells without figures: the same trouble of the same transport is told once, with all its places.
std::string not_measured(const ResultDocument& document, const Terminal& terminal) {
  std::map<std::tuple<std::string, CellStatus, std::string, std::string>, std::vector<std::string>> troubles;
  for (const CellResult& cell : document.cells) {
    if (cell.status == CellStatus::ok) continue;
    troubles[{cell.variant.name(), cell.status, cell.reason, cell.remedy}].push_back(place_text(document, cell));
  }
  if (troubles.empty()) return {};
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
  return title(terminal, "not measured") + bullets(items, terminal);
}

std::string findings_text(const ResultDocument& document, const Terminal& terminal) {
  if (document.findings.empty()) return {};
  std::size_t widest = 0;
  for (const Finding& finding : document.findings) widest = std::max(widest, display_width(finding.holds));
  const bool emulated = emulator_of(document.environment).has_value();
  std::string text =
      title(terminal, emulated ? "does it hold on this emulated machine, which says nothing about hardware?"
                               : "does it hold here?");
  for (const Finding& finding : document.findings) {
    const std::string blanks(widest - display_width(finding.holds), ' ');
    text += wrapped(fmt::format("{} ({})", finding.claim, finding.source), terminal.columns,
                    fmt::format("  {}{}  ", finding.holds, blanks));
    text += wrapped(finding.figure, terminal.columns, std::string(widest + 4, ' '));
  }
  return text;
}

std::string warnings_text(const ResultDocument& document, const Terminal& terminal) {
  if (document.warnings.empty()) return {};
  std::vector<std::string> items;
  for (const Warning& warning : document.warnings) items.push_back(warning_text(warning.kind, warning.detail));
  return title(terminal, "be careful") + bullets(items, terminal);
}

}  // namespace

std::string run_text(const ResultDocument& document, const Terminal& terminal) {
  const bool emulated = emulator_of(document.environment).has_value();
  return header(document, terminal) + table_text(document, terminal) +
         (emulated ? who_won_in_emulation(document, terminal) : who_won(document, terminal)) +
         account_text(document, terminal) + not_measured(document, terminal) + findings_text(document, terminal) +
         warnings_text(document, terminal);
}

void print_run(const ResultDocument& document, std::FILE* stream) {
  std::fputs(run_text(document, terminal_of(stream)).c_str(), stream);
  std::fflush(stream);
}

}  // namespace xover
