// The columns of the table, each with what it shows of a cell. A column that no cell has anything in is left out.
#include "harness/reports/html/figure_rows.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/reports/html/markup.h"
#include "harness/reports/section_words.h"
#include "harness/reports/words.h"

namespace xover::html {

namespace {

struct Column {
  std::string title;
  std::function<std::string(const CellResult&)> markup;  // empty: nothing to show
};

std::string positive(double value, const std::string& text) {
  return value > 0 && std::isfinite(value) ? figure(value, text) : std::string{};
}

std::string bounds(const Interval& interval) {
  if (!(interval.high > interval.low) || !(interval.median > 0)) return {};
  return fmt::format("{} to {}", positive(interval.low, format_figure(interval.low)),
                     positive(interval.high, format_figure(interval.high)));
}

void add_interval(std::vector<Column>& columns, std::string title,
                  const std::function<Interval(const CellResult&)>& of) {
  columns.push_back({std::move(title), [of](const CellResult& cell) {
                       const double median = of(cell).median;
                       return positive(median, format_figure(median));
                     }});
  columns.push_back({"95 %", [of](const CellResult& cell) { return bounds(of(cell)); }});
}

void add_latency(std::vector<Column>& columns, std::string title, double LatencySummary::* percentile) {
  columns.push_back({std::move(title), [percentile](const CellResult& cell) {
                       const double value = cell.latency.*percentile;
                       return cell.latency.count > 0 ? positive(value, format_figure(value)) : std::string{};
                     }});
}

std::string warnings_of(const CellResult& cell) {
  std::set<std::string> names;
  for (const Warning& warning : cell.warnings) {
    std::string name(to_string(warning.kind));
    std::ranges::replace(name, '_', ' ');
    names.insert(std::move(name));
  }
  return escaped(fmt::format("{}", fmt::join(names, ", ")));
}

std::vector<Column> columns_of(const Section& section) {
  Terminal words;
  words.utf8 = true;
  std::vector<Column> columns;
  add_interval(columns, section.has_receiver ? "goodput, Gbit/s" : "handed over, Gbit/s", throughput_of);
  columns.push_back({"messages/s", [](const CellResult& cell) {
                       return positive(cell.messages_per_second.median, format_count(cell.messages_per_second.median));
                     }});
  columns.push_back({"lost, %", [](const CellResult& cell) {
                       return positive(100 * lost_share(cell), format_figure(100 * lost_share(cell)));
                     }});
  add_latency(columns, fmt::format("{} p50, µs", latency_title(section.workload)), &LatencySummary::p50_us);
  add_latency(columns, "p90", &LatencySummary::p90_us);
  add_latency(columns, "p99", &LatencySummary::p99_us);
  add_latency(columns, "p99.9", &LatencySummary::p999_us);
  add_latency(columns, "most", &LatencySummary::max_us);
  add_interval(columns, "cycles/byte", [](const CellResult& cell) { return cell.cycles_per_byte; });
  columns.push_back({"sent bytes copied by",
                     [words](const CellResult& cell) { return escaped(copied_by(cell.sender_ledger, words, false)); }});
  columns.push_back({"warnings", warnings_of});
  return columns;
}

std::string absence_of(const CellResult& cell) {
  if (cell.status == CellStatus::ok) return "no round was accepted";
  return fmt::format("{}: {}", name_of(cell.status), cell.reason);
}

}  // namespace

std::string figure_rows(const ResultDocument& document, const Section& section) {
  std::vector<Column> columns = columns_of(section);
  std::erase_if(columns, [&](const Column& column) {
    return std::ranges::none_of(
        section.cells, [&](const CellResult* cell) { return has_figures(*cell) && !column.markup(*cell).empty(); });
  });
  const std::vector<const Axis*> varying = varying_axes(document, section.cells);
  std::string text = "<thead><tr>";
  for (const Axis* axis : varying) text += fmt::format("<th scope=\"col\">{}</th>", escaped(axis->name));
  text += "<th scope=\"col\">transport</th>";
  for (const Column& column : columns) text += fmt::format("<th scope=\"col\">{}</th>", escaped(column.title));
  text += "</tr></thead>\n<tbody>\n";
  for (const CellResult* cell : section.cells) {
    text += "<tr>";
    for (const Axis* axis : varying) text += fmt::format("<td>{}</td>", escaped(axis->get(point_of(*cell, document))));
    text += fmt::format("<th scope=\"row\">{}</th>", escaped(cell->variant.name()));
    if (!has_figures(*cell)) {
      text += fmt::format("<td class=\"absent\" colspan=\"{}\">{}</td>", std::max<std::size_t>(columns.size(), 1),
                          escaped(absence_of(*cell)));
    } else {
      for (const Column& column : columns) {
        const std::string shown = column.markup(*cell);
        text += "<td>" + (shown.empty() ? "–" : shown) + "</td>";
      }
    }
    text += "</tr>\n";
  }
  return table(fmt::format("Every figure of {}", name_of_section(section, document)), "data", text + "</tbody>\n");
}

}  // namespace xover::html
