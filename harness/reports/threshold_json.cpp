// Figures that do not exist are absent, as in every result.
#include "harness/reports/threshold_json.h"

#include <nlohmann/json.hpp>

#include "harness/reports/json_parts.h"
#include "harness/reports/result_json.h"
#include "harness/reports/threshold_text.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

std::string_view name_of_held(Held held) { return held == Held::yes ? "yes" : held == Held::no ? "no" : "unmeasured"; }

Json interval_json(const Interval& interval) {
  return {{"median", interval.median}, {"low", interval.low}, {"high", interval.high}};
}

void put_change(Json& object, const char* key, const std::optional<Interval>& change) {
  if (change) object[key] = interval_json(*change);
}

Json to_json(const CostOfOther& cost) {
  Json object = Json::object();
  put_change(object, "goodput", cost.goodput);
  put_change(object, "cycles_per_byte", cost.cpu);
  return object;
}

Json to_json(const std::vector<RatioAt>& list) {
  Json array = Json::array();
  for (const RatioAt& at : list)
    array.push_back({{"size", at.size_bytes}, {"rounds", at.rounds}, {"ratio", interval_json(at.ratio)}});
  return array;
}

Json to_json(const ThresholdAdvice& advice) {
  Json object{{"connections", advice.connections},
              {"metric", name_of(advice.metric)},
              {"clock", clock_name(advice.virtual_time)},
              {"verdict", advice.judged ? name_of(advice.verdict) : "too_few_rounds"},
              {"always_copy", advice.threshold_bytes == never_bytes}};
  if (advice.threshold_bytes != never_bytes) object["threshold"] = advice.threshold_bytes;
  if (advice.verdict == CrossoverVerdict::at) object["crossover"] = interval_json(advice.size_bytes);
  object["worst_loss"] = advice.worst_loss;
  object["sizes_tested"] = advice.sizes_tested;
  return object;
}

Json to_json(const ThresholdCheck& check) {
  return {{"connections", check.connections},
          {"held", name_of_held(check.held)},
          {"half", to_json(cost_of_half(check))},
          {"double", to_json(cost_of_double(check))},
          {"goodput_ratios", to_json(check.goodput)},
          {"cpu_ratios", to_json(check.cpu)},
          {"automatic_over_better", to_json(check.automatic)}};
}

Json under_json(const ThresholdUnder& under) {
  Json object{{"condition", under.condition}};
  object.update(to_json(under.advice));
  if (under.hit_rate) object["registration_hit_rate"] = *under.hit_rate;
  return object;
}

}  // namespace

std::string threshold_json_text(const ThresholdFound& found) {
  Json object{{"schema", result_schema},           {"kind", "threshold"},          {"copy", found.copy.text()},
              {"zerocopy", found.zerocopy.text()}, {"complete", found.complete()}, {"budget_ns", found.budget_ns},
              {"elapsed_ns", found.elapsed_ns},    {"thresholds", Json::array()},  {"checks", Json::array()},
              {"conditions", Json::array()},       {"not_measured", Json::array()}};
  for (const ThresholdAdvice& advice : found.advice) object["thresholds"].push_back(to_json(advice));
  if (found.hit_rate) object["registration_hit_rate"] = *found.hit_rate;
  for (const ThresholdCheck& check : found.checks) object["checks"].push_back(to_json(check));
  for (const ThresholdUnder& under : found.under) object["conditions"].push_back(under_json(under));
  for (const NotMeasured& one : found.not_measured)
    object["not_measured"].push_back({{"what", one.what}, {"why", one.why}});
  object["sweep"] = Json::parse(to_json_text(found.sweep));
  if (!found.fresh.cells.empty()) object["fresh"] = Json::parse(to_json_text(found.fresh));
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace xover
