// Two questions to the whole instrument, on real samples. How often does it call a transport faster or slower than
// itself? At 95 % confidence, in 5 % of comparisons: the count must lie in the binomial 99 % band. And how often does
// it find a transport that was made 10 % slower? In at least 95 % of runs. The exit code is 1 when either answer is
// wrong.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/agents/agent_process.h"
#include "harness/agents/run_experiment.h"
#include "harness/experiment/plan_from.h"
#include "tests/bench/notes.h"

namespace xover {
namespace {

constexpr double false_positive_rate = 0.05, band = 0.99;
constexpr double least_found = 0.95;
constexpr const char* slowdown = "tcp.sendmsg[slowdown_percent=10]@lo=slow";

struct Settings {
  int comparisons = 400, runs = 40;
  std::string duration = "20ms", slowdown_duration = "50ms";
};

// As a person would ask for it, gate and all.
Result<Plan> plan_of(const std::string& baseline, const std::string& candidate, const std::string& duration,
                     int number) {
  PlanText text;
  text.name = "bench_aa";
  text.settings = {{"rounds", {"10", "bench_aa"}},
                   {"duration", {duration, "--duration"}},
                   {"warmup", {"5ms", "bench_aa"}},
                   {"seed", {std::to_string(number), "bench_aa"}}};
  text.experiments.push_back({"bench_aa",
                              {{baseline, "bench_aa"}, {candidate, "bench_aa"}},
                              {{"placement", {{"same_core", "bench_aa"}}},
                               {"congestion_control", {{"cubic", "bench_aa"}}},
                               {"size", {{"64K", "bench_aa"}}}}});
  return make_plan(text);
}

// What one run says about its candidate, by metric.
using Comparisons = std::map<Metric, Comparison>;

Result<Comparisons> comparisons_of_run(const Result<Plan>& plan) {
  if (!plan) return tl::make_unexpected(plan.error());
  bench::Notes observer;
  const ResultDocument document = run_experiment(*plan, observer);
  for (const CellResult& cell : document.cells)
    if (cell.status != CellStatus::ok)
      return make_error(ErrorCode::internal, cell.variant.name(), cell.reason, cell.remedy);
  Comparisons comparisons;
  for (const Comparison& comparison : document.comparisons) {
    if (comparison.verdict == Verdict::too_few_rounds)
      return make_error(ErrorCode::internal, comparison.candidate, "too few rounds were left for a verdict");
    comparisons[comparison.metric] = comparison;
  }
  if (!comparisons.contains(Metric::goodput)) return make_error(ErrorCode::internal, "compare", "goodput is missing");
  return comparisons;
}

// The fewest and most successes that leave no more than half of 1 - band beyond them on either side.
struct Band {
  int least = 0, most = 0;
};

Band binomial_band(int trials) {
  const double tail = (1 - band) / 2;
  const auto probability = [&](int k) {
    return std::exp(std::lgamma(trials + 1.0) - std::lgamma(k + 1.0) - std::lgamma(trials - k + 1.0) +
                    k * std::log(false_positive_rate) + (trials - k) * std::log1p(-false_positive_rate));
  };
  Band result{0, trials};
  for (double below = probability(0); below <= tail; below += probability(result.least)) ++result.least;
  for (double above = probability(trials); above <= tail; above += probability(result.most)) --result.most;
  return result;
}

std::string name_of(Metric metric) { return metric == Metric::goodput ? "goodput" : "CPU per byte"; }

void show_progress(const char* what, int done, int all) {
  if (done % 10 != 0 && done != all) return;
  fmt::print("{}: {} of {}\n", what, done, all);
  std::fflush(stdout);
}

Result<bool> false_positives(const Settings& settings) {
  std::map<Metric, std::map<Verdict, int>> counts{{Metric::goodput, {}}};
  for (int i = 1; i <= settings.comparisons; ++i) {
    const auto found = comparisons_of_run(plan_of("tcp.send@lo=a", "tcp.send@lo=b", settings.duration, i));
    if (!found) return tl::make_unexpected(found.error());
    for (const auto& [metric, comparison] : *found) ++counts[metric][comparison.verdict];
    show_progress("tcp.send against itself", i, settings.comparisons);
  }
  const Band expected = binomial_band(settings.comparisons);
  bool all_inside = true;
  for (auto& [metric, of_metric] : counts) {
    const int faster = of_metric[Verdict::faster], slower = of_metric[Verdict::slower];
    const bool inside = faster + slower >= expected.least && faster + slower <= expected.most;
    all_inside &= inside;
    fmt::print("{}: {} of {} differ ({} faster, {} slower), {:.1f} %; the 99 % band is {} to {}: {}\n", name_of(metric),
               faster + slower, settings.comparisons, faster, slower, 100.0 * (faster + slower) / settings.comparisons,
               expected.least, expected.most, inside ? "inside" : "OUTSIDE");
  }
  return all_inside;
}

Result<bool> slowdowns_found(const Settings& settings) {
  int found = 0, faster = 0;
  for (int i = 1; i <= settings.runs; ++i) {
    const auto compared = comparisons_of_run(plan_of("tcp.sendmsg", slowdown, settings.slowdown_duration, i));
    if (!compared) return tl::make_unexpected(compared.error());
    const Comparison& goodput = compared->at(Metric::goodput);
    found += goodput.verdict == Verdict::slower;
    faster += goodput.verdict == Verdict::faster;
    if (goodput.verdict != Verdict::slower)
      fmt::print("run {} did not find it: ratio {:.3f}, {:.3f} to {:.3f}, {} rounds\n", i, goodput.ratio.median,
                 goodput.ratio.low, goodput.ratio.high, goodput.rounds);
    show_progress("tcp.sendmsg against itself made 10 % slower", i, settings.runs);
  }
  const int least = static_cast<int>(std::ceil(least_found * settings.runs));
  fmt::print("goodput: {} of {} found slower ({} called faster); at least {} are asked for: {}\n", found, settings.runs,
             faster, least, found >= least ? "enough" : "TOO FEW");
  return found >= least;
}

int ask_both(const Settings& settings) {
  bool all_right = true;
  for (const auto& [question, times] :
       {std::pair{&false_positives, settings.comparisons}, std::pair{&slowdowns_found, settings.runs}}) {
    if (times == 0) continue;
    const auto answer = question(settings);
    if (!answer) {
      fmt::print(stderr, "bench_aa: {}\n", answer.error().message());
      return 2;
    }
    all_right &= *answer;
  }
  return all_right ? 0 : 1;
}

}  // namespace
}  // namespace xover

int main(int argc, char** argv) {
  CLI::App app("How often the program sees a difference that is none, and one that is there");
  xover::Settings settings;
  app.add_option("--comparisons", settings.comparisons, "of a transport with itself; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--runs", settings.runs, "against the slower one; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--duration", settings.duration, "of a sample against itself")->capture_default_str();
  app.add_option("--slowdown-duration", settings.slowdown_duration, "of a sample against the slower one")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  xover::set_agent_program(XOVER_PROGRAM);
  return xover::ask_both(settings);
}
