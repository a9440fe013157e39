// Plans are made of text, as a person's are, so that the same checks and messages hold.
#include "harness/experiment/threshold_plans.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/transport.h"
#include "core/units.h"
#include "harness/experiment/axes.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/plan_from.h"
#include "harness/links/links.h"

namespace xover {

namespace {

constexpr std::string_view place = "threshold";
constexpr std::array<std::string_view, 7> coarse_sizes{"1K", "4K", "16K", "64K", "256K", "1M", "4M"};
constexpr unsigned sizes_to_refine = 4;
constexpr std::int64_t warmup_ns = 10'000'000;
constexpr std::int64_t most_duration_ns = 200'000'000;
constexpr std::string_view automatic_id = "sdp.auto";

constexpr std::array<Condition, 3> all_conditions{{
    {"nothing stays registered", "registration", "", "none", "has no cache of registered memory"},
    {"the receiver is 200 us late", "", "late", "200us", "cannot be late here"},
    {"the application's own memory", "", "memory", "foreign", "cannot send it here"},
}};

Placed ours(std::string text) { return {std::move(text), std::string(place)}; }

// So long that six rounds of so many samples take what they may.
std::int64_t duration_for(const ThresholdQuestion& question, std::int64_t budget_ns, std::size_t samples_of_a_round) {
  const auto samples = static_cast<std::int64_t>(6 * std::max<std::size_t>(samples_of_a_round, 1));
  return std::clamp(budget_ns / samples - question.sample_overhead_ns, least_duration_ns, most_duration_ns) /
         1'000'000 * 1'000'000;
}

PlanText settings_of(const ThresholdQuestion& question, std::int64_t budget_ns, std::size_t samples_of_a_round) {
  const bool exact = in_virtual_time(question);
  PlanText text;
  text.name = place;
  const auto set = [&](std::string name, std::string value) {
    text.settings.emplace_back(std::move(name), ours(value));
  };
  set("rounds", exact ? "1" : "6");
  set("max_rounds", exact ? "1" : "20");
  set("restarts", exact ? "1" : "2");
  set("duration", fmt::format("{}ns", duration_for(question, budget_ns, samples_of_a_round)));
  set("warmup", fmt::format("{}ns", warmup_ns));
  set("budget", fmt::format("{}ns", budget_ns));
  set("seed", std::to_string(question.seed));
  set("gate", question.gate && !exact ? "true" : "false");
  if (question.peer) text.settings.emplace_back("peer", *question.peer);
  if (question.clocks_agree_within) text.settings.emplace_back("clocks_agree_within", *question.clocks_agree_within);
  return text;
}

AxisLists axes_of(const ThresholdQuestion& question) {
  AxisLists axes = question.axes;
  // Nobody sleeps on a virtual clock.
  if (in_virtual_time(question)) axes.try_emplace("wait", std::vector{ours("spin")});
  return axes;
}

std::vector<Placed> size_list(const std::vector<std::uint64_t>& sizes) {
  std::vector<Placed> texts;
  for (const std::uint64_t size : sizes) texts.push_back(ours(std::to_string(size)));
  return texts;
}

Result<void> check_single_values(const ThresholdQuestion& question) {
  for (const auto& [name, values] : question.axes) {
    if (name == "size" || name == "connections" || values.size() == 1) continue;
    return bad_input(values[1].place, fmt::format("{} has several values", name),
                     "a threshold is for one: run the command once for each");
  }
  return {};
}

Result<Plan> check_pair(const ThresholdQuestion& question, Plan plan) {
  const std::vector<Variant>& variants = plan.points.front().variants;
  if (variants.size() != 2) {
    const Placed& one = question.copy.text.find('*') != std::string::npos ? question.copy : question.zerocopy;
    return bad_input(one.place, in_quotes(one.text) + " means several transports", "a threshold is between two");
  }
  if (variants[0].link != variants[1].link)
    return bad_input(question.zerocopy.place,
                     fmt::format("{} runs on {}, and {} on {}", variants[1].name(), variants[1].link.text(),
                                 variants[0].name(), variants[0].link.text()),
                     "a threshold is between two on one link: give --link one that both have");
  const Workload workload = plan.points.front().point.workload;
  if (workload != Workload::stream && workload != Workload::pingpong)
    return bad_input("--workload", "a threshold is looked for with messages back to back or back and forth",
                     "use stream or pingpong");
  const auto link = find_link(variants[0].link.name);
  if (link != nullptr && !link->has_receiver)
    return bad_input("--link", fmt::format("link {} has no receiver", link->name), "use one where the bytes arrive");
  return plan;
}

// The options that both have in common with the transport that decides, but for the threshold.
OptionText options_for(const Descriptor& automatic, const Variant& copy, const Variant& zerocopy) {
  OptionText options;
  for (const Variant* variant : {&copy, &zerocopy})
    for (const auto& [name, value] : variant->options) {
      const bool known = std::ranges::find(automatic.options, name, &OptionSpec::name) != automatic.options.end();
      if (known && name != "threshold" && name != "first_threshold") options[name] = value;
    }
  return options;
}

}  // namespace

bool in_virtual_time(const ThresholdQuestion& question) {
  if (const auto copy = parse_variant(question.copy.text); copy && !copy->link.name.empty())
    return has_virtual_time(copy->link);
  const auto link = question.axes.find("link");
  Point point;
  if (link == question.axes.end() || !find_axis("link")->set(point, link->second.front().text)) return false;
  return has_virtual_time(point.link);
}

Result<Plan> sweep_plan(const ThresholdQuestion& question, std::int64_t budget_ns) {
  if (auto single = check_single_values(question); !single) return tl::make_unexpected(std::move(single.error()));
  AxisLists axes = axes_of(question);
  std::vector<Placed> sizes;
  for (const std::string_view size : coarse_sizes) sizes.push_back(ours(std::string(size)));
  axes.try_emplace("size", std::move(sizes));
  const auto connections = axes.find("connections");
  const std::size_t series = connections == axes.end() ? 1 : connections->second.size();
  PlanText text = settings_of(question, budget_ns, 2 * series * (axes["size"].size() + sizes_to_refine));
  text.settings.emplace_back("refine", ours(std::to_string(in_virtual_time(question) ? 8 : sizes_to_refine)));
  text.settings.emplace_back("summary", ours(fmt::format("From which size on does {} pay over {}?",
                                                         question.zerocopy.text, question.copy.text)));
  text.experiments.push_back({std::string(place), {question.copy, question.zerocopy}, std::move(axes)});
  auto plan = make_plan(text);
  if (!plan) return plan;
  return check_pair(question, std::move(*plan));
}

std::vector<Condition> conditions() { return {all_conditions.begin(), all_conditions.end()}; }

Result<Plan> condition_plan(const ThresholdQuestion& question, const Condition& condition,
                            std::uint64_t threshold_bytes, std::int64_t budget_ns) {
  AxisLists axes = axes_of(question);
  if (axes.contains("connections")) axes["connections"].resize(1);
  const std::uint64_t middle = std::clamp<std::uint64_t>(threshold_bytes, 4 << 10, 1 << 20);
  axes["size"] = size_list({middle / 4, middle, middle * 4, middle * 16});
  PlanText text = settings_of(question, budget_ns, 2 * 4);
  ExperimentText experiment{std::string(place), {question.copy, question.zerocopy}, {}};
  if (condition.option.empty()) {
    axes[std::string(condition.axis)] = {ours(std::string(condition.value))};
  } else {
    auto variant = parse_variant(question.zerocopy.text);
    if (!variant) return tl::make_unexpected(std::move(variant.error()));
    const Descriptor* row = find_transport(variant->id);
    if (row == nullptr || std::ranges::find(row->options, condition.option, &OptionSpec::name) == row->options.end())
      return bad_input({}, fmt::format("{} {}", variant->id, condition.without));
    variant->options[std::string(condition.option)] = std::string(condition.value);
    experiment.transports[1].text = variant->text();
  }
  experiment.axes = std::move(axes);
  text.experiments.push_back(std::move(experiment));
  return make_plan(text);
}

std::string automatic_variant(const Variant& copy, const Variant& zerocopy, std::uint64_t threshold_bytes) {
  const Descriptor* automatic = find_transport(automatic_id);
  const bool decides = copy.id == "sdp.bcopy" && zerocopy.id == "sdp.read_zcopy" && automatic != nullptr;
  if (!decides) return {};
  Variant variant;
  variant.id = automatic_id;
  variant.options = options_for(*automatic, copy, zerocopy);
  variant.options["threshold"] = format_size(threshold_bytes);
  variant.link = copy.link;
  variant.label = automatic_id;
  return variant.text();
}

Result<Plan> fresh_plan(const ThresholdQuestion& question, const Variant& copy, const Variant& zerocopy,
                        const std::vector<ChosenThreshold>& chosen, std::int64_t budget_ns) {
  std::size_t samples = 0;
  for (const ChosenThreshold& one : chosen) samples += 3 * one.sizes.size();
  PlanText text = settings_of(question, budget_ns, samples);
  text.settings.emplace_back("summary", ours("Do fresh rounds say the same?"));
  for (const ChosenThreshold& one : chosen) {
    ExperimentText experiment{std::string(place), {question.copy, question.zerocopy}, axes_of(question)};
    const std::string automatic = automatic_variant(copy, zerocopy, one.threshold_bytes);
    if (!automatic.empty()) experiment.transports.push_back({automatic, std::string(place)});
    experiment.axes["connections"] = {ours(std::to_string(one.connections))};
    experiment.axes["size"] = size_list(one.sizes);
    text.experiments.push_back(std::move(experiment));
  }
  return make_plan(text);
}

}  // namespace xover
