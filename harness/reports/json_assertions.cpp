// Claims with their cases.
#include "harness/reports/json_assertions.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/reports/read_parts.h"

namespace xover {

namespace {

Json case_json(const AssertionCase& judged, const AssertionResult& assertion, const ResultDocument& document) {
  Json object{{"subject", judged.subject}, {"point", judged.point_index}};
  put_axes(object, document.plan.points.at(judged.point_index).point);
  if (assertion.expression.starts_with("crossover ")) object.erase("size");  // which is what was sought
  put_interval(object, "figure", judged.figure);
  // Of evidence there may be none at all, which is a figure too.
  if (judged.because.empty() && !(judged.figure.median > 0))
    object["figure"] = {{"median", 0}, {"low", 0}, {"high", 0}};
  put_figure(object, "p_value", judged.p_value);
  put_figure(object, "adjusted_p_value", judged.adjusted_p_value);
  object["holds"] = name_of(judged.holds);
  put_text(object, "because", judged.because);
  return object;
}

Holds read_holds(const JsonPlace& place) {
  return place.one_of(Holds::undecided, [](Holds holds) { return name_of(holds); });
}

AssertionCase read_case(const JsonPlace& place, const Plan& plan) {
  AssertionCase judged;
  judged.point_index = read_point_index(place, plan);
  judged.subject = place["subject"].text();
  if (const auto figure = place.find("figure")) judged.figure = read_interval(*figure);
  if (const auto p_value = place.find("p_value")) judged.p_value = p_value->number();
  if (const auto p_value = place.find("adjusted_p_value")) judged.adjusted_p_value = p_value->number();
  judged.holds = read_holds(place["holds"]);
  if (const auto because = place.find("because")) judged.because = because->text();
  return judged;
}

}  // namespace

std::string_view name_of(Holds holds) {
  switch (holds) {
    case Holds::yes: return "yes";
    case Holds::no: return "no";
    case Holds::undecided: return "undecided";
  }
  return "undecided";
}

Json to_json(const AssertionResult& assertion, const ResultDocument& document) {
  Json object{{"expression", assertion.expression}, {"holds", name_of(assertion.holds)}};
  put_text(object, "because", assertion.because);
  object["cases"] = Json::array();
  for (const AssertionCase& judged : assertion.cases) object["cases"].push_back(case_json(judged, assertion, document));
  return object;
}

AssertionResult read_assertion(const JsonPlace& place, const Plan& plan) {
  AssertionResult assertion;
  assertion.expression = place["expression"].text();
  assertion.holds = read_holds(place["holds"]);
  if (const auto because = place.find("because")) assertion.because = because->text();
  place["cases"].each_element([&](const JsonPlace& at) { assertion.cases.push_back(read_case(at, plan)); });
  return assertion;
}

}  // namespace xover
