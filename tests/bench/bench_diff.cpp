// Two questions to `xover diff`, on real runs, through the text of their result files. Of two runs of the same thing,
// how often does it call anything real, in the whole diff? At most 3 times of 20. And how often does it find one
// transport made a tenth slower? At least 19 times of 20. The exit code is 1 when either answer is wrong, 2 when
// nothing could be measured.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/agents/agent_process.h"
#include "harness/agents/run_experiment.h"
#include "harness/analysis/diff.h"
#include "harness/analysis/statistics.h"
#include "harness/experiment/plan_from.h"
#include "harness/reports/read_result.h"
#include "harness/reports/result_json.h"
#include "tests/bench/notes.h"

namespace xover {
namespace {

constexpr double most_false = 3.0 / 20, least_found = 19.0 / 20;
// Stretching the sender's own time by 7 % takes a tenth of what the connection moves, both ends sharing a core; how
// much it took is printed.
constexpr const char *same = "tcp.sendmsg@lo=changing", *slower = "tcp.sendmsg[slowdown_percent=7]@lo=changing";

struct Settings {
  int trials = 20;
  std::string restarts = "40", rounds = "80", duration = "100ms", size = "64K";
  double least_percent = least_difference_percent;
};

// As a person would ask for it, gate and all.
Result<Plan> plan_of(const Settings& settings, const std::string& changing, int seed) {
  PlanText text;
  text.name = "bench_diff";
  text.settings = {{"rounds", {settings.rounds, "--rounds"}},
                   {"restarts", {settings.restarts, "--restarts"}},
                   {"duration", {settings.duration, "--duration"}},
                   {"warmup", {"5ms", "bench_diff"}},
                   {"seed", {std::to_string(seed), "bench_diff"}}};
  text.experiments.push_back({"bench_diff",
                              {{"tcp.send", "bench_diff"}, {changing, "bench_diff"}},
                              {{"placement", {{"same_core", "bench_diff"}}},
                               {"congestion_control", {{"cubic", "bench_diff"}}},
                               {"size", {{settings.size, "--size"}}}}});
  return make_plan(text);
}

// A run as its result file has it.
Result<ResultDocument> run(const Settings& settings, const std::string& changing, int seed) {
  const auto plan = plan_of(settings, changing, seed);
  if (!plan) return tl::make_unexpected(plan.error());
  bench::Notes observer;
  const std::string text = to_json_text(run_experiment(*plan, observer));
  auto document = parse_result(text, "bench_diff");
  if (!document) return document;
  if (to_json_text(*document) != text)
    return make_error(ErrorCode::internal, "read the result", "what was read is written to another text");
  for (const CellResult& cell : document->cells)
    if (cell.status != CellStatus::ok)
      return make_error(ErrorCode::internal, cell.variant.name(), cell.reason, cell.remedy);
  return document;
}

bool is_goodput_of(const CellDifference& difference, const char* name) {
  return difference.metric == Metric::goodput && difference.a->variant.name() == name;
}

void print(int trial, const char* what, const Diff& found) {
  fmt::print("{:2} {}:", trial, what);
  for (const CellDifference& each : found.differences) {
    fmt::print("  {} {} {:.3f} ({:.3f} to {:.3f}) {}", each.a->variant.name(),
               each.metric == Metric::goodput ? "goodput" : "CPU", each.ratio.median, each.ratio.low, each.ratio.high,
               each.verdict == DiffVerdict::real ? "REAL" : "noise");
  }
  fmt::print("\n");
  std::fflush(stdout);
}

bool is_real(const CellDifference& difference) { return difference.verdict == DiffVerdict::real; }

struct Counts {
  int false_real = 0, found = 0;
  std::vector<double> ratios;  // of what was made slower
};

// The thing with one transport slower, and the thing again, both against the thing as it was before.
Result<ResultDocument> trial(const Settings& settings, int number, const ResultDocument& before, Counts& counts) {
  const auto slowed = run(settings, slower, 2 * number);
  if (!slowed) return slowed;
  auto again = run(settings, same, 2 * number + 1);
  if (!again) return again;
  const Diff changed = diff(before, *slowed, settings.least_percent),
             unchanged = diff(before, *again, settings.least_percent);
  print(number, "slower", changed);
  print(number, "same", unchanged);
  counts.false_real += std::ranges::any_of(unchanged.differences, is_real);
  for (const CellDifference& each : changed.differences) {
    if (!is_goodput_of(each, "changing")) continue;
    counts.found += is_real(each) && !each.b_is_better();
    counts.ratios.push_back(each.ratio.median);
  }
  return again;
}

int ask(const Settings& settings) {
  Counts counts;
  Result<ResultDocument> before = run(settings, same, 1);
  for (int i = 1; before && i <= settings.trials; ++i) before = trial(settings, i, *before, counts);
  if (!before) {
    fmt::print(stderr, "bench_diff: {}\n", before.error().message());
    return 2;
  }
  const int most = static_cast<int>(std::floor(most_false * settings.trials));
  const int least = static_cast<int>(std::ceil(least_found * settings.trials));
  const bool rare = counts.false_real <= most, sharp = counts.found >= least;
  fmt::print("the same again: {} of {} diffs call something real; at most {} may: {}\n", counts.false_real,
             settings.trials, most, rare ? "held" : "NOT HELD");
  fmt::print("a tenth slower ({:.3f} in the median): {} of {} diffs find it; at least {} must: {}\n",
             median(counts.ratios), counts.found, settings.trials, least, sharp ? "held" : "NOT HELD");
  return rare && sharp ? 0 : 1;
}

}  // namespace
}  // namespace xover

int main(int argc, char** argv) {
  CLI::App app("How often `xover diff` sees a change that is none, and one that is there");
  xover::Settings settings;
  app.add_option("--trials", settings.trials, "each of two runs")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--restarts", settings.restarts, "of the agents in a run")->capture_default_str();
  app.add_option("--rounds", settings.rounds, "of a run")->capture_default_str();
  app.add_option("--duration", settings.duration, "of a sample")->capture_default_str();
  app.add_option("--size", settings.size, "of the messages")->capture_default_str();
  app.add_option("--least-difference", settings.least_percent, "percent")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  xover::set_agent_program(XOVER_PROGRAM);
  return xover::ask(settings);
}
