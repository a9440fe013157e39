// The diff in words: the machines, the table, and what is real.
#include "harness/reports/diff_text.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "harness/measurement/lab_guest.h"
#include "harness/reports/section.h"
#include "harness/reports/text_table.h"
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

std::string_view words_of(Metric metric) {
  switch (metric) {
    case Metric::goodput: return "goodput";
    case Metric::cpu: return "CPU per byte";
    case Metric::latency_p50: return "median latency";
    case Metric::latency_p99: return "99th percentile";
  }
  return "";
}

std::string_view unit_of(const CellDifference& difference) {
  if (difference.metric == Metric::goodput) return "Gbit/s";
  return difference.metric == Metric::cpu ? "cycles" : "us";
}

// "size 64K, 4 connections": what tells the place from the others of its workload, or at least its size.
std::string place_of(const CellResult& cell, const ResultDocument& document) {
  const Point& point = point_of(cell, document);
  std::vector<std::string> parts;
  for (const Axis* axis : varying_axes(document, point.workload)) parts.push_back(axis_text(*axis, point));
  return parts.empty() ? axis_text(*find_axis("size"), point) : fmt::format("{}", fmt::join(parts, ", "));
}

std::string facts_text(std::string_view heading, const std::vector<ChangedFact>& facts, const Terminal& terminal) {
  if (facts.empty()) return {};
  std::string text = title(terminal, heading);
  const auto said = [](const std::string& value) { return value.empty() ? std::string("not known") : value; };
  for (const ChangedFact& fact : facts) {
    text +=
        wrapped(fmt::format("{}: A {}; B {}", fact.name, said(fact.in_a), said(fact.in_b)), terminal.columns, bullet);
  }
  return text;
}

std::string verdict_text(const CellDifference& difference) {
  if (difference.verdict == DiffVerdict::noise) return "noise";
  if (difference.verdict == DiffVerdict::too_few) return "too few";
  return difference.b_is_better() ? "real: faster" : "real: slower";
}

Ink ink_of(const CellDifference& difference) {
  if (difference.verdict != DiffVerdict::real) return Ink::faint;
  return difference.b_is_better() ? Ink::good : Ink::bad;
}

std::string bounds_text(const Interval& ratio) {
  if (!std::isfinite(ratio.low) || !std::isfinite(ratio.high)) return {};
  return fmt::format("{} to {}", format_figure(ratio.low), format_figure(ratio.high));
}

std::string table(const Diff& diff, const ResultDocument& document, const Terminal& terminal) {
  TextTable table;
  table.add_column("", Align::left);
  table.add_column("at", Align::left);
  table.add_column("figure", Align::left);
  table.add_column("A", Align::right);
  table.add_column("B", Align::right);
  table.add_column("B/A", Align::right);
  table.add_column("95 %", Align::left);
  table.add_column("", Align::left);
  const CellResult* before = nullptr;
  for (const CellDifference& difference : diff.differences) {
    const bool new_cell = difference.a != before;
    before = difference.a;
    table.add_row({{new_cell ? difference.a->variant.name() : "", Ink::strong},
                   {new_cell ? place_of(*difference.a, document) : ""},
                   {fmt::format("{}, {}", words_of(difference.metric), unit_of(difference))},
                   {format_figure(difference.of_a.figure)},
                   {format_figure(difference.of_b.figure)},
                   {format_figure(difference.ratio.median), ink_of(difference)},
                   {bounds_text(difference.ratio)},
                   {verdict_text(difference), ink_of(difference)}});
  }
  return '\n' + table.text(terminal);
}

// What the machine itself did between the two.
std::string speed_text(const Diff& diff, const Terminal& terminal) {
  if (!diff.speed_ratio) return {};
  return '\n' +
         wrapped(fmt::format("By the yardstick (a fixed piece of work before and after each round) the machine was "
                             "{} times as fast in B as in A. B/A is corrected for that, as far as each figure "
                             "follows it from round to round; A and B are as measured.",
                             format_figure(*diff.speed_ratio)),
                 terminal.columns);
}

// In front of every sentence about figures that say nothing about hardware.
std::string mark(const CellDifference& difference, const DiffFiles& files) {
  if (difference.a->virtual_time()) return std::string(virtual_time_mark);
  const bool emulated = emulator_of(files.document_a.environment) || emulator_of(files.document_b.environment);
  return emulated ? "[emulated] " : "";
}

std::string sentence(const CellDifference& difference, const DiffFiles& files) {
  const std::string bounds = bounds_text(difference.ratio);
  const std::string interval = difference.a->virtual_time() || bounds.empty() ? "" : fmt::format(" ({})", bounds);
  return fmt::format("{}{} at {} is {}: {} {} of A's{}", mark(difference, files), difference.a->variant.name(),
                     place_of(*difference.a, files.document_a), difference.b_is_better() ? "faster" : "slower",
                     words_of(difference.metric), format_figure(difference.ratio.median), interval);
}

// Why some have no verdict, and what gives them one.
std::string remedy(std::size_t without_verdict) {
  return fmt::format(
      "{} had fewer than {} restarts or {} accepted rounds in one of the runs: run both with --restarts 6 --rounds 12",
      counted(without_verdict, "figure"), least_restarts_for_diff, least_rounds_for_verdict);
}

std::string in_words(const Diff& diff, const DiffFiles& files, const Terminal& terminal) {
  std::vector<std::string> real;
  std::size_t too_few = 0;
  std::uint32_t restarts = UINT32_MAX;
  for (const CellDifference& difference : diff.differences) {
    if (difference.verdict == DiffVerdict::real) real.push_back(sentence(difference, files));
    if (difference.verdict == DiffVerdict::too_few) ++too_few;
    restarts = std::min({restarts, difference.of_a.restarts, difference.of_b.restarts});
  }
  std::string text = title(terminal, !real.empty()                        ? "what changed, and is real"
                                     : too_few == diff.differences.size() ? "too few restarts or rounds to tell"
                                                                          : "nothing changed beyond the noise");
  for (const std::string& each : real) text += wrapped(each, terminal.columns, bullet);
  text += wrapped(fmt::format("{} of {} differ for real: by more than {} %, beyond what restarts of the same thing "
                              "differ by, corrected for their number (Holm).",
                              real.size(), counted(diff.differences.size(), "figure"), files.least_percent),
                  terminal.columns, "    ");
  if (too_few > 0) text += wrapped(remedy(too_few), terminal.columns, "    ");
  constexpr std::uint32_t few_restarts = 6;
  if (too_few == 0 && restarts < few_restarts)
    text += wrapped(fmt::format("With only {} some real changes pass for noise: run both with --restarts 6.",
                                counted(restarts, "restart")),
                    terminal.columns, "    ");
  return text;
}

std::string alone(std::string_view which, const std::vector<const CellResult*>& cells, const ResultDocument& document,
                  const Terminal& terminal) {
  if (cells.empty()) return {};
  std::string text = title(terminal, fmt::format("only in {}", which));
  for (const CellResult* cell : cells) {
    text += wrapped(fmt::format("{} at {}", cell->variant.name(), place_of(*cell, document)), terminal.columns, bullet);
  }
  return text;
}

std::string file_line(std::string_view letter, const std::string& path, const ResultDocument& document,
                      const Terminal& terminal) {
  const std::string ended = document.complete ? "" : ", BROKEN OFF";
  return wrapped(fmt::format("{}: {}, {} restarts{}", path, document.plan.name, document.plan.restarts, ended),
                 terminal.columns, fmt::format("{}  ", letter));
}

}  // namespace

std::string_view name_of(DiffVerdict verdict) {
  switch (verdict) {
    case DiffVerdict::real: return "real";
    case DiffVerdict::noise: return "noise";
    case DiffVerdict::too_few: return "too_few";
  }
  return "too_few";
}

std::string diff_text(const Diff& diff, const DiffFiles& files, const Terminal& terminal) {
  std::string text =
      file_line("A", files.a, files.document_a, terminal) + file_line("B", files.b, files.document_b, terminal);
  text += facts_text("the machines differ, so what changed may be theirs", diff.environment, terminal);
  text += facts_text("measured in different ways, so what changed may come of that", diff.settings, terminal);
  text += facts_text("not the same thing in both", diff.cells, terminal);
  for (const std::string& variant : diff.two_sources)
    text += wrapped(variant + ": its cycles were counted in two ways (pmu, tsc), and are not compared",
                    terminal.columns, bullet);
  text += speed_text(diff, terminal);
  text += table(diff, files.document_a, terminal) + in_words(diff, files, terminal);
  return text + alone("A", diff.only_in_a, files.document_a, terminal) +
         alone("B", diff.only_in_b, files.document_b, terminal);
}

}  // namespace xover
