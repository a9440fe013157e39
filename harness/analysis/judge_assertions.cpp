// One function for each kind of claim; Holm's correction over those that have noise.
#include "harness/analysis/judge_assertions.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/analysis/compare.h"
#include "harness/analysis/figures.h"
#include "harness/analysis/student_t.h"

namespace xover {

namespace {

Holds holds_if(bool holds) { return holds ? Holds::yes : Holds::no; }

// Not decided by a p-value: it is the word itself that counts.
AssertionCase exact_case(const Assertion& assertion, double figure) {
  AssertionCase result;
  result.figure = {figure, figure, figure};
  result.holds = holds_if(assertion.true_of(figure));
  return result;
}

// The two-sided p-value of "the centre is `value`", by the tail that estimate() has.
double p_value_of(const Estimate& estimate, double value) {
  const double distance = estimate.log_centre - std::log(value);
  if (distance == 0) return 1;
  if (estimate.log_reach <= 0) return 0;
  const double critical = student_t_critical(significance, estimate.degrees_of_freedom);
  return student_t_two_sided_p(distance * critical / estimate.log_reach, estimate.degrees_of_freedom);
}

AssertionCase noisy_case(const Assertion& assertion, const std::vector<Observation>& observed) {
  AssertionCase result;
  const Estimate estimated = estimate(observed);
  result.figure = estimated.interval;
  if (observed.size() < least_rounds_for_verdict) {
    result.because = fmt::format("{} accepted rounds, and {} are needed", observed.size(), least_rounds_for_verdict);
    return result;
  }
  result.p_value = p_value_of(estimated, assertion.value);
  const bool above = result.figure.low > assertion.value, below = result.figure.high < assertion.value;
  if (above || below) result.holds = holds_if(below == assertion.asks_for_less());
  return result;
}

std::optional<double> per_completed(const Assertion& assertion, const Ledger& ledger) {
  if (ledger.completed_bytes == 0) return std::nullopt;
  const std::uint64_t bytes =
      assertion.figure == AssertedFigure::user_copied ? ledger.user_copied_bytes : ledger[assertion.handover];
  return static_cast<double>(bytes) / static_cast<double>(ledger.completed_bytes);
}

Figure figure_of(const Assertion& assertion) {
  if (assertion.figure == AssertedFigure::messages_per_second) return messages_per_second;
  return [metric = assertion.metric](const CellResult& cell, const Sample& sample) {
    return metric_figure(metric, cell, sample);
  };
}

class Judge {
 public:
  Judge(const Assertion& assertion, const ResultDocument& document) : assertion_(assertion), document_(document) {
    result_.expression = assertion.text;
  }

  AssertionResult judge() {
    if (assertion_.crossover) {
      judge_crossovers();
    } else {
      for (std::size_t point = 0; point < document_.plan.points.size(); ++point) judge_point(point);
    }
    if (result_.cases.empty()) result_.because = why_nothing();
    return std::move(result_);
  }

 private:
  bool counts(const CellResult& cell, const AssertedTransport& transport) const {
    return transport.fits(cell.variant) && assertion_.at(point_of(cell), link_of(cell));
  }

  void judge_point(std::size_t point) {
    std::vector<const CellResult*> subjects, baselines;
    for (const CellResult& cell : document_.cells) {
      if (cell.point_index != point || cell.status != CellStatus::ok) continue;
      if (counts(cell, assertion_.subject)) subjects.push_back(&cell);
      if (assertion_.baseline && counts(cell, *assertion_.baseline)) baselines.push_back(&cell);
    }
    for (const CellResult* subject : subjects) {
      if (!assertion_.baseline) {
        add(judge_cell(*subject), *subject, subject->variant.name());
        continue;
      }
      for (const CellResult* baseline : partners(*subject, baselines))
        add(judge_pair(*subject, *baseline), *subject, subject->variant.name() + "/" + baseline->variant.name());
    }
  }

  // Those on its own link, where there are any.
  static std::vector<const CellResult*> partners(const CellResult& subject, const std::vector<const CellResult*>& all) {
    std::vector<const CellResult*> comparable_ones, on_its_link;
    for (const CellResult* other : all) {
      if (other == &subject || !comparable(*other, subject)) continue;
      comparable_ones.push_back(other);
      if (same_link(*other, subject)) on_its_link.push_back(other);
    }
    return on_its_link.empty() ? comparable_ones : on_its_link;
  }

  std::optional<AssertionCase> judge_cell(const CellResult& cell) const {
    if (assertion_.figure == AssertedFigure::handover || assertion_.figure == AssertedFigure::user_copied) {
      const auto share = per_completed(assertion_, cell.sender_ledger);
      return share ? std::optional(exact_case(assertion_, *share)) : std::nullopt;
    }
    return judge_observations(observations(cell, figure_of(assertion_)), cell);
  }

  std::optional<AssertionCase> judge_pair(const CellResult& subject, const CellResult& baseline) const {
    return judge_observations(paired_ratios({&baseline, &subject}, assertion_.metric), subject);
  }

  std::optional<AssertionCase> judge_observations(const std::vector<Observation>& observed,
                                                  const CellResult& cell) const {
    if (observed.empty()) return std::nullopt;
    if (cell.virtual_time()) return exact_case(assertion_, estimate(observed).interval.median);
    return noisy_case(assertion_, observed);
  }

  void add(std::optional<AssertionCase> judged, const CellResult& cell, std::string subject) {
    if (!judged) return;
    judged->point_index = cell.point_index;
    judged->subject = std::move(subject);
    result_.cases.push_back(std::move(*judged));
  }

  void judge_crossovers() {
    for (const Crossover& crossover : document_.crossovers) {
      if (crossover.metric != assertion_.metric) continue;
      const CellResult* candidate = cell_of(crossover.point_index, crossover.candidate);
      const CellResult* baseline = cell_of(crossover.point_index, crossover.baseline);
      if (candidate == nullptr || baseline == nullptr || !counts(*candidate, assertion_.subject) ||
          !counts(*baseline, *assertion_.baseline))
        continue;
      add(judge_crossover(crossover), *candidate, crossover.candidate + "/" + crossover.baseline);
    }
  }

  AssertionCase judge_crossover(const Crossover& crossover) const {
    const bool less = assertion_.asks_for_less();
    AssertionCase result;
    if (crossover.verdict == CrossoverVerdict::not_separable || crossover.sizes_tested.empty()) {
      result.because = "the sizes that decide it cannot be told apart";
      return result;
    }
    const auto least = static_cast<double>(crossover.sizes_tested.front());
    const auto greatest = static_cast<double>(crossover.sizes_tested.back());
    if (crossover.verdict == CrossoverVerdict::at) {
      result.figure = crossover.size_bytes;
      if (result.figure.low > assertion_.value || result.figure.high < assertion_.value)
        result.holds = holds_if((result.figure.high < assertion_.value) == less);
      return result;
    }
    if (crossover.verdict == CrossoverVerdict::below_tested) {
      if (least <= assertion_.value) result.holds = holds_if(less);
      result.because = "ahead at every size tested";
      return result;
    }
    if (greatest >= assertion_.value) result.holds = holds_if(!less);
    result.because = crossover.verdict == CrossoverVerdict::above_tested ? "behind at every size tested"
                                                                         : "behind again at a larger size";
    return result;
  }

  const CellResult* cell_of(std::size_t point, const std::string& name) const {
    const auto found = std::ranges::find_if(document_.cells, [&](const CellResult& cell) {
      return cell.point_index == point && cell.variant.name() == name;
    });
    return found == document_.cells.end() ? nullptr : &*found;
  }

  const Point& point_of(const CellResult& cell) const { return document_.plan.points[cell.point_index].point; }
  const Link& link_of(const CellResult& cell) const {
    return cell.variant.link.name.empty() ? point_of(cell).link : cell.variant.link;
  }

  std::string why_nothing() const {
    for (const CellResult& cell : document_.cells) {
      const bool named =
          counts(cell, assertion_.subject) || (assertion_.baseline && counts(cell, *assertion_.baseline));
      if (named && cell.status != CellStatus::ok) return cell.variant.name() + " did not run: " + cell.reason;
    }
    if (assertion_.crossover) return "no crossover of these two was sought: that takes three sizes, and six rounds";
    return "no round has this figure";
  }

  const Assertion& assertion_;
  const ResultDocument& document_;
  AssertionResult result_;
};

// A verdict that does not outlive the correction is none.
void correct(std::vector<AssertionResult>& results) {
  std::vector<AssertionCase*> family;
  std::vector<double> p_values;
  for (AssertionResult& result : results) {
    for (AssertionCase& each : result.cases) {
      if (!each.p_value) continue;
      family.push_back(&each);
      p_values.push_back(*each.p_value);
    }
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < family.size(); ++i) {
    family[i]->adjusted_p_value = adjusted[i];
    if (adjusted[i] >= significance) family[i]->holds = Holds::undecided;
  }
}

Holds all_together(const std::vector<AssertionCase>& cases) {
  const auto any = [&](Holds holds) {
    return std::ranges::any_of(cases, [&](const AssertionCase& each) { return each.holds == holds; });
  };
  if (any(Holds::no)) return Holds::no;
  return cases.empty() || any(Holds::undecided) ? Holds::undecided : Holds::yes;
}

}  // namespace

std::vector<AssertionResult> judge_assertions(std::span<const Assertion> assertions, const ResultDocument& document) {
  std::vector<AssertionResult> results;
  for (const Assertion& assertion : assertions) results.push_back(Judge(assertion, document).judge());
  correct(results);
  for (AssertionResult& result : results) result.holds = all_together(result.cases);
  return results;
}

}  // namespace xover
