// Flags over files.
#include "harness/experiment/experiment_text.h"

namespace xover {

void override_with(PlanText& base, const PlanText& flags) {
  base.settings.insert(base.settings.end(), flags.settings.begin(), flags.settings.end());
  for (const ExperimentText& given : flags.experiments) {
    if (base.experiments.empty()) base.experiments.push_back({given.place, {}, {}});
    for (ExperimentText& experiment : base.experiments) {
      if (!given.transports.empty()) experiment.transports = given.transports;
      for (const auto& [axis, values] : given.axes) experiment.axes.insert_or_assign(axis, values);
    }
  }
}

}  // namespace xover
