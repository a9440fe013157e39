// The steps of a run, each of which may be the last.
#include "harness/command_line/run_command.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "harness/agents/run_experiment.h"
#include "harness/command_line/complaint.h"
#include "harness/command_line/interrupt.h"
#include "harness/experiment/plan_from.h"
#include "harness/experiment/result.h"
#include "harness/reports/print_run.h"
#include "harness/reports/progress.h"

namespace xover {

namespace {

ResultDocument carry_out(const Plan& plan) {
  const InterruptGuard interrupt;
  Progress progress(stderr, [&] { return interrupt.requested(); });
  return run_experiment(plan, progress);
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
  const Outputs& outputs = flags.outputs();
  if (auto possible = outputs.check(); !possible) return complain(possible.error());

  // The files come first: a reader of standard output that goes away (`| head`) must not cost the result.
  std::signal(SIGPIPE, SIG_IGN);
  const ResultDocument document = carry_out(*plan);
  const auto written = outputs.write(document);
  print_run(document, outputs.json_on_stdout() ? stderr : stdout);
  if (!written) return complain(written.error());
  return exit_code_of(document);
}

}  // namespace xover
