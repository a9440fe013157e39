// Groups, charts and series as JSON. Figures that are not finite are never put in: readers of the document leave them
// out.
#include "harness/reports/html/chart_json.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace xover::html {

namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(ChartKind kind) {
  switch (kind) {
    case ChartKind::lines: return "lines";
    case ChartKind::bars: return "bars";
    case ChartKind::stacks: return "stacks";
  }
  return "bars";
}

Json to_json(const std::optional<Value>& value) {
  if (!value) return nullptr;
  Json object{{"value", value->value}, {"text", value->text}};
  if (value->has_interval()) {
    object["low"] = value->low;
    object["high"] = value->high;
  }
  return object;
}

Json to_json(const Series& series) {
  Json object{{"name", series.name}, {"style", series.style}, {"secondary", series.secondary}};
  object["values"] = Json::array();
  for (const auto& value : series.values) object["values"].push_back(to_json(value));
  return object;
}

Json to_json(const Mark& mark) {
  return {{"series", mark.series},      {"style", mark.style},          {"at", mark.size_bytes.median},
          {"low", mark.size_bytes.low}, {"high", mark.size_bytes.high}, {"label", mark.label}};
}

Json to_json(const Chart& chart, std::string id) {
  Json object{{"id", std::move(id)},       {"kind", name_of(chart.kind)},      {"title", chart.title},
              {"unit", chart.unit},        {"logarithmic", chart.logarithmic}, {"least", chart.least},
              {"greatest", chart.greatest}};
  object["categories"] = Json::array();
  for (const Category& category : chart.categories)
    object["categories"].push_back({{"label", category.label}, {"x", category.x}});
  object["series"] = Json::array();
  for (const Series& series : chart.series) object["series"].push_back(to_json(series));
  object["marks"] = Json::array();
  for (const Mark& mark : chart.marks) object["marks"].push_back(to_json(mark));
  return object;
}

}  // namespace

std::string_view name_of(Palette palette) {
  switch (palette) {
    case Palette::transports: return "transports";
    case Palette::phases: return "phases";
    case Palette::ledger: return "ledger";
  }
  return "transports";
}

std::string canvas_id(const ChartGroup& group, std::size_t panel, std::size_t chart) {
  return fmt::format("{}-{}-{}", group.id, panel, chart);
}

Json to_json(const ChartGroup& group) {
  Json object{{"id", group.id}, {"palette", name_of(group.palette)}};
  object["charts"] = Json::array();
  for (std::size_t i = 0; i < group.panels.size(); ++i) {
    for (std::size_t j = 0; j < group.panels[i].charts.size(); ++j)
      object["charts"].push_back(to_json(group.panels[i].charts[j], canvas_id(group, i, j)));
  }
  return object;
}

}  // namespace xover::html
