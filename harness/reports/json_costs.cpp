// Estimates may be below 0, which put_interval() takes for a figure that was not measured: these are written as they
// are.
#include "harness/reports/json_costs.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "harness/measurement/lab_guest.h"
#include "harness/reports/read_parts.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

Json estimate_json(const Interval& interval) {
  Json object = Json::object();
  put_figure(object, "estimate", interval.median);
  put_figure(object, "low", interval.low);
  put_figure(object, "high", interval.high);
  return object;
}

Interval read_estimate(const JsonPlace& place) {
  return {figure_or_absent(place, "estimate"), figure_or_absent(place, "low"), figure_or_absent(place, "high")};
}

Json line_json(const CostLine& line) {
  return {{"fixed", estimate_json(line.fixed)}, {"per_byte", estimate_json(line.per_byte)}};
}

CostLine read_line(const JsonPlace& place) { return {read_estimate(place["fixed"]), read_estimate(place["per_byte"])}; }

void put_place(Json& object, const ResultDocument& document, std::size_t point_index, const std::string& variant) {
  const Point& point = document.plan.points.at(point_index).point;
  object["point"] = point_index;
  put_axes(object, point);
  if (const CellResult* cell = find_cell(document, point_index, variant); cell != nullptr)
    object["link"] = link_of(*cell, point).text();
}

}  // namespace

Json to_json(const CostDifference& why, Metric metric) {
  return {
      {"unit", cost_unit_of(metric)}, {"fixed", estimate_json(why.fixed)}, {"per_byte", estimate_json(why.per_byte)}};
}

CostDifference read_cost_difference(const JsonPlace& place) {
  return {read_estimate(place["fixed"]), read_estimate(place["per_byte"])};
}

Json to_json(const Confirmation& confirmation) {
  Json object{{"size", confirmation.size_bytes}, {"rounds", confirmation.rounds}};
  put_interval(object, "ratio", confirmation.ratio);
  object["agrees"] = confirmation.agrees;
  return object;
}

Confirmation read_confirmation(const JsonPlace& place) {
  Confirmation confirmation;
  confirmation.size_bytes = place["size"].count();
  confirmation.rounds = place["rounds"].count32();
  if (const auto ratio = place.find("ratio")) confirmation.ratio = read_interval(*ratio);
  confirmation.agrees = place["agrees"].flag();
  return confirmation;
}

Json to_json(const CostModel& model, const ResultDocument& document) {
  Json object{{"variant", model.variant}};
  put_place(object, document, model.point_index, model.variant);
  object.erase("size");  // which the model is over
  object["metric"] = name_of(model.metric);
  object["unit"] = cost_unit_of(model.metric);
  object["sizes_tested"] = model.sizes_tested;
  object["emulated"] = emulator_of(document.environment).has_value() && !model.virtual_time;
  object["clock"] = clock_name(model.virtual_time);
  put_figure(object, "error_percent", model.error_percent);
  object["line"] = line_json(model.line);
  if (model.knee)
    object["knee"] = {{"size", estimate_json(model.knee->size_bytes)}, {"above", line_json(model.knee->above)}};
  return object;
}

CostModel read_cost_model(const JsonPlace& place, const Plan& plan) {
  CostModel model;
  model.point_index = read_point_index(place, plan);
  model.variant = place["variant"].text();
  model.metric = read_metric(place["metric"]);
  model.line = read_line(place["line"]);
  if (const auto knee = place.find("knee")) model.knee = {read_estimate((*knee)["size"]), read_line((*knee)["above"])};
  model.error_percent = figure_or_absent(place, "error_percent");
  place["sizes_tested"].each_element([&](const JsonPlace& size) { model.sizes_tested.push_back(size.count()); });
  model.virtual_time = read_virtual_clock(place);
  return model;
}

Json to_json(const CopyTime& time, const ResultDocument& document) {
  Json object{{"variant", time.variant}};
  put_place(object, document, time.point_index, time.variant);
  object["t1_ns"] = estimate_json(time.t1_ns);
  object["t2_ns"] = estimate_json(time.t2_ns);
  object["r_gbps"] = estimate_json(time.rate_gbps);
  object["r_max_gbps"] = estimate_json(time.greatest_rate_gbps);
  return object;
}

CopyTime read_copy_time(const JsonPlace& place, const Plan& plan) {
  return {read_point_index(place, plan), place["variant"].text(),        read_estimate(place["t1_ns"]),
          read_estimate(place["t2_ns"]), read_estimate(place["r_gbps"]), read_estimate(place["r_max_gbps"])};
}

}  // namespace xover
