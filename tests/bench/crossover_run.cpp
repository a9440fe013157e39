// One run, and what its document says.
#include "tests/bench/crossover_run.h"

#include "harness/agents/run_experiment.h"
#include "harness/reports/crossover_sentences.h"
#include "tests/bench/notes.h"

namespace xover::bench {

Result<std::vector<std::string>> measured_crossovers(const Plan& plan) {
  Notes notes;
  const ResultDocument document = run_experiment(plan, notes);
  for (const CellResult& cell : document.cells)
    if (cell.status != CellStatus::ok)
      return make_error(ErrorCode::internal, cell.variant.name(), cell.reason, cell.remedy);
  std::vector<std::string> lines = crossover_sentences(document);
  if (lines.empty())
    return make_error(ErrorCode::internal, "find the crossover", "fewer than six rounds were accepted");
  return lines;
}

}  // namespace xover::bench
