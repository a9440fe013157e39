// A row for each cost model; the line above a knee has a row of its own.
#include "harness/reports/html/cost_table.h"

#include <cmath>

#include <fmt/format.h>

#include "harness/reports/html/markup.h"
#include "harness/reports/section.h"
#include "harness/reports/words.h"

namespace xover::html {

namespace {

std::string_view words_of(Metric metric) {
  switch (metric) {
    case Metric::goodput: return "from one message to the next";
    case Metric::cpu: return "CPU of both sides";
    case Metric::latency_p50: return "median latency";
    case Metric::latency_p99: return "99th percentile of latency";
  }
  return {};
}

// An estimate that is not a number is none; one without width has no interval.
std::string estimate_markup(const Interval& interval) {
  if (!std::isfinite(interval.median)) return "–";
  std::string text = figure(interval.median, format_figure(interval.median));
  if (interval.high > interval.low)
    text += fmt::format(" <small>({} to {})</small>", format_figure(interval.low), format_figure(interval.high));
  return text;
}

std::string row(const CostModel& model, const std::string& place, const std::string& sizes, const CostLine& line) {
  return fmt::format(
      "<tr><td>{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
      words_of(model.metric), escaped(model.variant), escaped(place), escaped(sizes), estimate_markup(line.fixed),
      estimate_markup(line.per_byte), cost_unit_of(model.metric));
}

}  // namespace

std::string cost_table(const ResultDocument& document) {
  if (document.cost_models.empty()) return {};
  std::string rows = "<thead><tr>";
  for (const char* title : {"by", "transport", "where", "sizes", "each message", "each byte", "unit"})
    rows += fmt::format("<th scope=\"col\">{}</th>", title);
  rows += "</tr></thead>\n<tbody>\n";
  for (const CostModel& model : document.cost_models) {
    const Point& point = document.plan.points.at(model.point_index).point;
    const CellResult* cell = find_cell(document, model.point_index, model.variant);
    std::string place =
        cell == nullptr ? std::string{} : place_of(*cell, point, varying_axes(document, point.workload));
    if (model.virtual_time) place.insert(0, virtual_time_mark);
    if (!model.knee) {
      rows += row(model, place, "all", model.line);
      continue;
    }
    const std::string knee = format_about(model.knee->size_bytes.median);
    rows += row(model, place, "below " + knee, model.line);
    rows += row(model, place, "above " + knee, model.knee->above);
  }
  return fmt::format("<details class=\"all\"><summary>What each message and each byte costs</summary>\n{}</details>\n",
                     table("Straight lines through the costs of a message over its size, with 95 % intervals", "data",
                           rows + "</tbody>\n"));
}

}  // namespace xover::html
