// The runs of `xover threshold`, one after the other within a budget, and what they say together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/agents/run_experiment.h"
#include "harness/analysis/threshold.h"
#include "harness/experiment/threshold_plans.h"

namespace xover {

// The threshold under another condition, at the first number of connections, by the metric that the workload is about.
struct ThresholdUnder {
  std::string condition;
  ThresholdAdvice advice;
  std::optional<double> hit_rate;  // of the cache of registered memory, 0 to 1, both sides; absent without one
};

struct NotMeasured {
  std::string what, why;
};

struct ThresholdFound {
  Variant copy, zerocopy;  // as they ran
  std::int64_t budget_ns = 0, elapsed_ns = 0;
  std::vector<ThresholdAdvice> advice;  // by each metric, for each number of connections
  std::optional<double> hit_rate;       // in the sweep
  std::vector<ThresholdUnder> under;
  std::vector<ThresholdCheck> checks;  // of the advice by the chief metric
  std::vector<NotMeasured> not_measured;
  ResultDocument sweep, fresh;
  bool broken_off = false;  // on request, or because the other host went

  bool complete() const { return !broken_off; }
  Metric chief_metric() const;
  std::vector<const ThresholdAdvice*> by(Metric metric) const;
};

// `plan` is sweep_plan() of the question, and `far` the connection to its peer. Blocks for about the budget; what did
// not fit is in not_measured.
ThresholdFound find_threshold(const ThresholdQuestion& question, const Plan& plan, RunObserver& observer,
                              RemoteHost* far = nullptr);

}  // namespace xover
