// The steps of a run, each of which may be the last.
#include "harness/command_line/run_command.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "harness/agents/run_experiment.h"
#include "harness/analysis/judge_assertions.h"
#include "harness/command_line/complaint.h"
#include "harness/command_line/reach_peer.h"
#include "harness/experiment/plan_from.h"
#include "harness/experiment/result.h"
#include "harness/reports/html/html_report.h"
#include "harness/reports/print_run.h"
#include "harness/reports/progress.h"

namespace xover {

namespace {

Result<ResultDocument> carry_out(const Plan& plan, const std::optional<std::string>& key_file) {
  const InterruptGuard interrupt;
  const auto far = reach_peer(plan.peer, key_file, plan.name, interrupt);
  if (!far) return tl::make_unexpected(far.error());
  Progress progress(stderr, [&] { return interrupt.requested(); });
  return run_experiment(plan, progress, far->get());
}

// The last line of a run, where a person looks first.
void name_report(const Outputs& outputs, const ResultDocument& document, std::FILE* people) {
  const auto report = outputs.write_report(document);
  if (!report) return complain("no report was written: " + report.error().message());
  if (report->empty()) return;
  if (!report_has_charts()) complain(std::string("the report has no charts: ") + charts_remedy);
  std::fprintf(people, "\nReport: %s\n", report->c_str());
  std::fflush(people);
}

bool all_hold(const ResultDocument& document, bool strictly) {
  return std::ranges::all_of(document.assertions, [&](const AssertionResult& assertion) {
    return assertion.holds == Holds::yes || (assertion.holds == Holds::undecided && !strictly);
  });
}

}  // namespace

int exit_code_of(const ResultDocument& document) {
  const auto any = [&](CellStatus status) {
    return std::any_of(document.cells.begin(), document.cells.end(),
                       [&](const CellResult& cell) { return cell.status == status; });
  };
  if (!document.complete || any(CellStatus::failed)) return exit_failed;
  return any(CellStatus::ok) ? exit_done : exit_nothing_ran;
}

int run_command(const RunFlags& flags) {
  const auto plan = flags.plan_text().and_then(make_plan);
  if (!plan) return complain(plan.error());
  const auto assertions = flags.assertions(*plan);
  if (!assertions) return complain(assertions.error());
  const Outputs& outputs = flags.outputs();
  if (auto possible = outputs.check(); !possible) return complain(possible.error());

  // The files come first: a reader of standard output that goes away (`| head`) must not cost the result.
  std::signal(SIGPIPE, SIG_IGN);
  auto carried_out = carry_out(*plan, flags.key_file());
  if (!carried_out) return complain(carried_out.error());
  ResultDocument& document = *carried_out;
  document.assertions = judge_assertions(*assertions, document);
  const auto written = outputs.write(document);
  std::FILE* const people = outputs.json_on_stdout() ? stderr : stdout;
  print_run(document, people);
  name_report(outputs, document, people);
  if (!written) return complain(written.error());
  const int exit_code = exit_code_of(document);
  return exit_code == exit_done && !all_hold(document, flags.assert_strictly()) ? exit_failed : exit_code;
}

}  // namespace xover
