// The document from the outside in; its smaller parts are in json_parts.cpp.
#include "harness/reports/result_json.h"

#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "harness/experiment/settings.h"
#include "harness/measurement/lab_guest.h"
#include "harness/reports/json_assertions.h"
#include "harness/reports/json_costs.h"
#include "harness/reports/json_parts.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

Json plan_json(const Plan& plan) {
  Json object{{"name", plan.name}};
  // `findings` of the plan only names a table; the table itself is in the document.
  for (const Setting& setting : settings()) {
    std::visit([&](auto&& value) { object[std::string(setting.name)] = value; }, setting.value(plan));
  }
  object["points"] = Json::array();
  for (const PlannedPoint& planned : plan.points) {
    Json point;
    put_axes(point, planned.point);
    point["variants"] = Json::array();
    for (const Variant& variant : planned.variants) point["variants"].push_back(variant.text());
    object["points"].push_back(std::move(point));
  }
  return object;
}

Json comparison_json(const Comparison& comparison, const ResultDocument& document) {
  const Point& point = document.plan.points.at(comparison.point_index).point;
  Json object{
      {"baseline", comparison.baseline}, {"candidate", comparison.candidate}, {"point", comparison.point_index}};
  put_axes(object, point);
  if (const CellResult* cell = find_cell(document, comparison.point_index, comparison.candidate); cell != nullptr) {
    object["link"] = link_of(*cell, point).text();
  }
  object["metric"] = name_of(comparison.metric);
  object["rounds"] = comparison.rounds;
  put_interval(object, "ratio", comparison.ratio);
  object["clock"] = clock_name(comparison.virtual_time);
  if (!comparison.virtual_time) {
    put_figure(object, "p_value", comparison.p_value);
    put_figure(object, "adjusted_p_value", comparison.adjusted_p_value);
  }
  object["verdict"] = name_of(comparison.verdict);
  return object;
}

Json crossover_json(const Crossover& crossover, const ResultDocument& document) {
  const Point& point = document.plan.points.at(crossover.point_index).point;
  Json object{{"baseline", crossover.baseline}, {"candidate", crossover.candidate}, {"point", crossover.point_index}};
  put_axes(object, point);
  object.erase("size");  // which is what was sought
  if (const CellResult* cell = find_cell(document, crossover.point_index, crossover.candidate); cell != nullptr) {
    object["link"] = link_of(*cell, point).text();
  }
  object["metric"] = name_of(crossover.metric);
  object["sizes_tested"] = crossover.sizes_tested;
  object["emulated"] = emulator_of(document.environment).has_value() && !crossover.virtual_time;
  object["clock"] = clock_name(crossover.virtual_time);
  object["verdict"] = name_of(crossover.verdict);
  const Interval& size = crossover.size_bytes;
  if (crossover.verdict == CrossoverVerdict::at)
    object["size"] = {{"estimate", size.median}, {"low", size.low}, {"high", size.high}};
  if (crossover.why) object["why"] = to_json(*crossover.why, crossover.metric);
  if (crossover.confirmation) object["confirmation"] = to_json(*crossover.confirmation);
  return object;
}

Json gate_json(const GateAccount& gate) {
  return {{"rounds_taken", gate.rounds_taken},
          {"rounds_rejected", gate.rounds_rejected},
          {"rejected_by_variant", gate.rejected_by_variant}};
}

Json document_json(const ResultDocument& document) {
  Json object{{"schema", result_schema}, {"complete", document.complete}};
  put_text(object, "broken_off_because", document.broken_off_because);
  object["budget_spent"] = document.budget_spent;
  object["emulated"] = emulator_of(document.environment).has_value();
  object["environment"] = document.environment.facts;
  if (document.peer)
    object["peer"] = {{"address", document.peer->address}, {"environment", document.peer->environment.facts}};
  object["plan"] = plan_json(document.plan);
  object["gate"] = gate_json(document.gate);
  object["warnings"] = Json::array();
  for (const Warning& warning : document.warnings) object["warnings"].push_back(to_json(warning));
  object["comparisons"] = Json::array();
  for (const Comparison& comparison : document.comparisons) {
    object["comparisons"].push_back(comparison_json(comparison, document));
  }
  object["crossovers"] = Json::array();
  for (const Crossover& crossover : document.crossovers) {
    object["crossovers"].push_back(crossover_json(crossover, document));
  }
  object["cost_models"] = Json::array();
  for (const CostModel& model : document.cost_models) object["cost_models"].push_back(to_json(model, document));
  object["copy_times"] = Json::array();
  for (const CopyTime& time : document.copy_times) object["copy_times"].push_back(to_json(time, document));
  object["findings"] = Json::array();
  for (const Finding& finding : document.findings) {
    object["findings"].push_back(
        {{"claim", finding.claim}, {"source", finding.source}, {"holds", finding.holds}, {"figure", finding.figure}});
  }
  for (const AssertionResult& assertion : document.assertions)
    object["assertions"].push_back(to_json(assertion, document));
  object["cells"] = Json::array();
  for (const CellResult& cell : document.cells) object["cells"].push_back(to_json(cell, point_of(cell, document)));
  return object;
}

}  // namespace

std::string to_json_text(const ResultDocument& document) {
  constexpr int indent = 2;
  return document_json(document).dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace xover
