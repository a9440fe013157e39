// `xover threshold`, held against what it promises: that it ends within its budget, and that sdp.auto with the TOML
// snippet it writes has no size whose 95 % interval against the better of sdp.bcopy and sdp.read_zcopy lies wholly
// below 0.95. The exit code is 1 when either does not hold.
//
//   bench_threshold [--budget 120s] [--connections 1,2,4] [--rounds 10] [--duration 60ms] [--memory arena] [--no-gate]
#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "core/units.h"
#include "harness/agents/agent_process.h"
#include "harness/agents/find_threshold.h"
#include "harness/command_line/run_flags.h"
#include "harness/experiment/plan_from.h"
#include "harness/experiment/toml_file.h"
#include "harness/reports/progress.h"
#include "harness/reports/threshold_snippet.h"
#include "harness/reports/threshold_text.h"

namespace xover {
namespace {

constexpr const char* place = "bench_threshold";
constexpr std::uint64_t first_size = 1 << 10, last_size = 4 << 20;

struct Settings {
  bool no_gate = false;
  std::string budget = "120s", connections = "1,2,4", rounds = "10", duration = "60ms", memory = "arena";
};

Result<ThresholdQuestion> question_of(const Settings& settings) {
  ThresholdQuestion question;
  const auto budget_ns = parse_duration_ns(settings.budget);
  if (!budget_ns) return tl::make_unexpected(budget_ns.error());
  question.budget_ns = *budget_ns;
  question.gate = !settings.no_gate;
  auto connections = split_list("--connections", settings.connections);
  if (!connections) return tl::make_unexpected(connections.error());
  for (std::string& one : *connections) question.axes["connections"].push_back({std::move(one), place});
  question.axes["memory"] = {{settings.memory, place}};
  return question;
}

// The snippet as `xover run` takes it, at every power of two.
Result<Plan> plan_of(const std::string& snippet, const Settings& settings) {
  auto text = parse_toml(snippet, "snippet.toml", "snippet");
  if (!text) return tl::make_unexpected(text.error());
  PlanText flags;
  flags.settings = {{"rounds", {settings.rounds, place}},
                    {"duration", {settings.duration, place}},
                    {"gate", {settings.no_gate ? "false" : "true", place}}};
  ExperimentText& experiment = flags.experiments.emplace_back();
  for (std::uint64_t size = first_size; size <= last_size; size *= 2)
    experiment.axes["size"].push_back({format_size(size), place});
  override_with(*text, flags);
  return make_plan(*text);
}

bool print_ratios(const ResultDocument& document) {
  bool all_hold = true;
  fmt::print("\nsdp.auto over the better of the two, by goodput\nconnections  size   median (95 %)\n");
  for (std::size_t index = 0; index < document.plan.points.size(); ++index) {
    const PlannedPoint& planned = document.plan.points[index];
    const auto ratio = over_the_better(document, index, planned.variants[2].name(), planned.variants[0].name(),
                                       planned.variants[1].name());
    const bool holds = ratio && ratio->ratio.high >= as_good_as;
    all_hold &= holds;
    const std::string figure =
        ratio ? fmt::format("{:.3f} ({:.3f} to {:.3f})", ratio->ratio.median, ratio->ratio.low, ratio->ratio.high)
              : std::string("too few rounds");
    fmt::print("{:>11}  {:>4}   {}{}\n", planned.point.connections, format_size(planned.point.size_bytes), figure,
               holds ? "" : "   BELOW 0.95");
  }
  return all_hold;
}

Result<bool> run(const Settings& settings) {
  const auto question = question_of(settings);
  if (!question) return tl::make_unexpected(question.error());
  const auto sweep =
      sweep_plan(*question, static_cast<std::int64_t>(sweep_share * static_cast<double>(question->budget_ns)));
  if (!sweep) return tl::make_unexpected(sweep.error());
  Progress progress(stderr);
  const ThresholdFound found = find_threshold(*question, *sweep, progress);
  if (found.advice.empty()) return make_error(ErrorCode::internal, place, "nothing was measured");
  const std::string snippet = threshold_snippet(found);
  fmt::print("{}\n{}\n", threshold_text(found, Terminal{}), snippet);
  const bool in_time = found.elapsed_ns <= question->budget_ns;
  fmt::print("took {} of {}: {}\n", format_duration(found.elapsed_ns), format_duration(question->budget_ns),
             in_time ? "in time" : "TOO LONG");
  std::fflush(stdout);
  const auto plan = plan_of(snippet, settings);
  if (!plan) return tl::make_unexpected(plan.error());
  Progress of_check(stderr);
  const bool holds = print_ratios(run_experiment(*plan, of_check));
  return in_time && holds;
}

}  // namespace
}  // namespace xover

int main(int argument_count, char** arguments) {
  CLI::App app("xover threshold against what it promises");
  xover::Settings settings;
  app.add_option("--budget", settings.budget, "of xover threshold");
  app.add_option("--connections", settings.connections, "a list");
  app.add_option("--rounds", settings.rounds, "of the check afterwards");
  app.add_option("--duration", settings.duration, "of its samples");
  app.add_option("--memory", settings.memory, "arena or foreign");
  app.add_flag("--no-gate", settings.no_gate, "take rounds on cores that are not all ours, too");
  CLI11_PARSE(app, argument_count, arguments);
  xover::set_agent_program(XOVER_PROGRAM);
  const auto held = xover::run(settings);
  if (!held) fmt::print(stderr, "bench_threshold: {}\n", held.error().message());
  return held.value_or(false) ? 0 : 1;
}
