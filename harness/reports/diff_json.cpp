// The diff as JSON.
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/reports/diff_text.h"
#include "harness/reports/json_parts.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

Json to_json(const std::vector<ChangedFact>& facts) {
  Json list = Json::array();
  for (const ChangedFact& fact : facts) {
    Json object{{"name", fact.name}};
    put_text(object, "a", fact.in_a);
    put_text(object, "b", fact.in_b);
    list.push_back(std::move(object));
  }
  return list;
}

Json identity_json(const CellResult& cell, const ResultDocument& document) {
  const Point& point = point_of(cell, document);
  Json object{{"variant", cell.variant.name()}};
  put_axes(object, point);
  object["link"] = link_of(cell, point).text();
  return object;
}

Json to_json(const std::vector<const CellResult*>& cells, const ResultDocument& document) {
  Json list = Json::array();
  for (const CellResult* cell : cells) list.push_back(identity_json(*cell, document));
  return list;
}

Json to_json(const DiffSide& side) {
  return {{"figure", side.figure}, {"rounds", side.rounds}, {"restarts", side.restarts}};
}

Json to_json(const CellDifference& difference, const ResultDocument& document_a) {
  Json object = identity_json(*difference.a, document_a);
  object["metric"] = name_of(difference.metric);
  object["a"] = to_json(difference.of_a);
  object["b"] = to_json(difference.of_b);
  put_interval(object, "ratio", difference.ratio);
  object["clock"] = clock_name(difference.a->virtual_time());
  if (difference.verdict != DiffVerdict::too_few && !difference.a->virtual_time()) {
    put_figure(object, "p_value", difference.p_value);
    put_figure(object, "adjusted_p_value", difference.adjusted_p_value);
  }
  object["verdict"] = name_of(difference.verdict);
  if (difference.verdict == DiffVerdict::real) object["b_is"] = difference.b_is_better() ? "faster" : "slower";
  return object;
}

}  // namespace

std::string diff_json(const Diff& diff, const DiffFiles& files) {
  Json object{{"a", files.a}, {"b", files.b}, {"least_difference_percent", files.least_percent}};
  if (diff.speed_ratio) object["machine_speed_ratio"] = *diff.speed_ratio;
  object["environment"] = to_json(diff.environment);
  object["settings"] = to_json(diff.settings);
  object["cells"] = to_json(diff.cells);
  object["only_in_a"] = to_json(diff.only_in_a, files.document_a);
  object["only_in_b"] = to_json(diff.only_in_b, files.document_b);
  object["two_cycle_sources"] = diff.two_sources;
  object["differences"] = Json::array();
  for (const CellDifference& difference : diff.differences)
    object["differences"].push_back(to_json(difference, files.document_a));
  constexpr int indent = 2;
  return object.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace xover
