// Rejected rounds held against accepted ones.
#include "harness/analysis/gate_bias.h"

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/compare.h"
#include "harness/analysis/figures.h"

namespace xover {
namespace {

constexpr double bias_significance = 0.01;

struct Question {
  CellPair pair;
  std::vector<double> accepted, rejected;
};

std::vector<double> values_of(const std::vector<Observation>& observations) {
  std::vector<double> values;
  for (const Observation& observation : observations) values.push_back(observation.value);
  return values;
}

std::vector<Question> questions(const ResultDocument& document) {
  std::vector<Question> asked;
  for (std::size_t index = 0; index < document.plan.points.size(); ++index) {
    const Metric metric = metrics_of(document.plan.points[index].point.workload).front();
    for (const CellPair& pair : comparable_pairs(document, index)) {
      Question question{pair, values_of(paired_ratios(pair, metric, true)),
                        values_of(paired_ratios(pair, metric, false))};
      if (!question.accepted.empty() && !question.rejected.empty()) asked.push_back(std::move(question));
    }
  }
  return asked;
}

Warning warning_about(const Question& question) {
  const auto& [baseline, candidate] = question.pair;
  return {WarningKind::gate_biased,
          fmt::format("point {}: {} against {} is {} in {} accepted and {} in {} rejected rounds",
                      baseline->point_index, candidate->variant.name(), baseline->variant.name(),
                      format_significant(median(question.accepted), 3), question.accepted.size(),
                      format_significant(median(question.rejected), 3), question.rejected.size())};
}

}  // namespace

void check_gate_bias(ResultDocument& document) {
  std::erase_if(document.warnings, [](const Warning& warning) { return warning.kind == WarningKind::gate_biased; });
  const std::vector<Question> asked = questions(document);
  std::vector<double> p_values;
  for (const Question& question : asked) p_values.push_back(mann_whitney_p(question.accepted, question.rejected));
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (adjusted[i] < bias_significance) document.warnings.push_back(warning_about(asked[i]));
  }
}

}  // namespace xover
