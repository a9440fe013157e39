// The document from the outside in; cells are in read_parts.cpp.
#include "harness/reports/read_result.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/experiment/bad_input.h"
#include "harness/experiment/settings.h"
#include "harness/experiment/text_file.h"
#include "harness/reports/json_assertions.h"
#include "harness/reports/json_costs.h"
#include "harness/reports/json_place.h"
#include "harness/reports/read_parts.h"
#include "harness/reports/result_json.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

using nlohmann::json;

constexpr auto how_to_make_one = "expected a file that `xover run --json FILE` or `-o FOLDER` wrote";

// In the order of the table, which is that of their effects.
void read_settings(Plan& plan, const JsonPlace& object) {
  for (const Setting& setting : settings()) {
    const auto place = object.find(std::string(setting.name).c_str());
    if (!place) continue;
    if (setting.kind == FieldKind::boolean) {
      setting.write_number(plan, place->flag() ? 1 : 0);
    } else if (setting.kind == FieldKind::choice || setting.kind == FieldKind::text) {
      const std::string text = place->text();  // none is as good as absent
      if (text.empty()) continue;
      if (auto set = setting.set(plan, text); !set) place->wrong(set.error().message());
    } else {
      setting.write_number(plan, place->integer(setting.least, setting.greatest));
    }
  }
}

PlannedPoint read_point(const JsonPlace& object) {
  PlannedPoint planned{read_axes(object), {}};
  object["variants"].each_element([&](const JsonPlace& place) {
    if (!place.is_text()) return place.wrong("expected the text of a variant");
    if (auto variant = parse_variant(place.text())) {
      planned.variants.push_back(std::move(*variant));
    } else {
      place.wrong(variant.error().message());
    }
  });
  return planned;
}

Plan read_plan(const JsonPlace& object) {
  Plan plan;
  plan.name = object["name"].text();
  read_settings(plan, object);
  object["points"].each_element([&](const JsonPlace& point) { plan.points.push_back(read_point(point)); });
  return plan;
}

Comparison read_comparison(const JsonPlace& object, const Plan& plan) {
  Comparison comparison;
  comparison.point_index = read_point_index(object, plan);
  comparison.baseline = object["baseline"].text();
  comparison.candidate = object["candidate"].text();
  comparison.metric = read_metric(object["metric"]);
  comparison.rounds = object["rounds"].count32();
  if (const auto ratio = object.find("ratio")) comparison.ratio = read_interval(*ratio);
  comparison.virtual_time = read_virtual_clock(object);
  if (!comparison.virtual_time) {
    const auto p_value = object.find("p_value"), adjusted = object.find("adjusted_p_value");
    constexpr double absent = std::numeric_limits<double>::quiet_NaN();
    comparison.p_value = p_value ? p_value->number() : absent;
    comparison.adjusted_p_value = adjusted ? adjusted->number() : absent;
  }
  comparison.verdict = object["verdict"].one_of(Verdict::too_few_rounds, [](Verdict v) { return name_of(v); });
  return comparison;
}

Crossover read_crossover(const JsonPlace& object, const Plan& plan) {
  Crossover crossover;
  crossover.point_index = read_point_index(object, plan);
  crossover.baseline = object["baseline"].text();
  crossover.candidate = object["candidate"].text();
  crossover.metric = read_metric(object["metric"]);
  object["sizes_tested"].each_element([&](const JsonPlace& size) { crossover.sizes_tested.push_back(size.count()); });
  crossover.virtual_time = read_virtual_clock(object);
  crossover.verdict =
      object["verdict"].one_of(CrossoverVerdict::not_separable, [](CrossoverVerdict v) { return name_of(v); });
  if (crossover.verdict == CrossoverVerdict::at) {
    const JsonPlace size = object["size"];
    crossover.size_bytes = {size["estimate"].number(), size["low"].number(), size["high"].number()};
  }
  if (const auto why = object.find("why")) crossover.why = read_cost_difference(*why);
  if (const auto fresh = object.find("confirmation")) crossover.confirmation = read_confirmation(*fresh);
  return crossover;
}

GateAccount read_gate(const JsonPlace& object) {
  GateAccount gate;
  gate.rounds_taken = object["rounds_taken"].count32();
  gate.rounds_rejected = object["rounds_rejected"].count32();
  object["rejected_by_variant"].each_member(
      [&](const std::string& variant, const JsonPlace& count) { gate.rejected_by_variant[variant] = count.count32(); });
  return gate;
}

ResultDocument read_document(const JsonPlace& object) {
  ResultDocument document;
  document.complete = object["complete"].flag();
  if (const auto because = object.find("broken_off_because")) document.broken_off_because = because->text();
  if (const auto spent = object.find("budget_spent")) document.budget_spent = spent->flag();
  document.environment.facts = object["environment"].texts();
  if (const auto peer = object.find("peer"))
    document.peer = PeerHost{(*peer)["address"].text(), {(*peer)["environment"].texts()}};
  document.plan = read_plan(object["plan"]);
  document.gate = read_gate(object["gate"]);
  object["warnings"].each_element([&](const JsonPlace& at) { document.warnings.push_back(read_warning(at)); });
  object["comparisons"].each_element(
      [&](const JsonPlace& at) { document.comparisons.push_back(read_comparison(at, document.plan)); });
  object["crossovers"].each_element(
      [&](const JsonPlace& at) { document.crossovers.push_back(read_crossover(at, document.plan)); });
  if (const auto models = object.find("cost_models"))
    models->each_element(
        [&](const JsonPlace& at) { document.cost_models.push_back(read_cost_model(at, document.plan)); });
  if (const auto times = object.find("copy_times"))
    times->each_element([&](const JsonPlace& at) { document.copy_times.push_back(read_copy_time(at, document.plan)); });
  object["findings"].each_element([&](const JsonPlace& at) {
    document.findings.push_back({at["claim"].text(), at["source"].text(), at["holds"].text(), at["figure"].text()});
  });
  if (const auto assertions = object.find("assertions"))
    assertions->each_element(
        [&](const JsonPlace& at) { document.assertions.push_back(read_assertion(at, document.plan)); });
  object["cells"].each_element([&](const JsonPlace& at) { document.cells.push_back(read_cell(at, document.plan)); });
  return document;
}

// An error's place as line and column, which is how editors find it.
tl::unexpected<Error> not_json(std::string_view text, const std::string& name, std::size_t byte) {
  const std::string_view before = text.substr(0, byte > 0 ? byte - 1 : 0);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = before.size() - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
  const bool cut = byte > text.size();
  return bad_input(fmt::format("{}:{}:{}", name, line, column), cut ? "the file ends too early" : "this is no JSON",
                   how_to_make_one);
}

Result<void> check_schema(const json& root, const std::string& name) {
  if (!root.is_object() || !root.contains("schema"))
    return bad_input(name, "this is no result of xover: it has no member 'schema'", how_to_make_one);
  const json& schema = root["schema"];
  if (!schema.is_number_integer())
    return bad_input(fmt::format("{}: schema", name), "this is no result of xover: expected a number", how_to_make_one);
  const auto version = schema.get<std::int64_t>();
  if (version == result_schema) return {};
  const std::string versions = fmt::format("schema {}, and this xover reads schema {}", version, result_schema);
  return version > result_schema
             ? bad_input(name, "a newer xover wrote it: " + versions, "read it with the xover that wrote it")
             : bad_input(name, "it is of an unknown version: " + versions, how_to_make_one);
}

}  // namespace

Result<ResultDocument> parse_result(std::string_view text, const std::string& name) {
  json root;
  try {
    root = json::parse(text);
  } catch (const json::parse_error& error) {
    return not_json(text, name, error.byte);
  } catch (const json::exception&) {  // numbers that no double holds
    return bad_input(name, "this JSON has a number that is out of range", how_to_make_one);
  }
  if (auto checked = check_schema(root, name); !checked) return tl::make_unexpected(std::move(checked.error()));
  JsonProblem problem(root);
  ResultDocument document = read_document(JsonPlace(root, problem));
  if (!problem) return document;
  const std::string place = problem.where().empty() ? name : fmt::format("{}: {}", name, problem.where());
  return bad_input(place, problem.what(), how_to_make_one);
}

Result<ResultDocument> read_result(const std::string& path) {
  return read_text_file(path, largest_result_bytes).and_then([&](const std::string& text) {
    return parse_result(text, path);
  });
}

}  // namespace xover
