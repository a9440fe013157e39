// Words for claims: the figure, its interval, the place, and why it is not decided.
#include "harness/reports/assertion_words.h"

#include <fmt/format.h>

#include "harness/analysis/assertion.h"
#include "harness/reports/section.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

std::string figure_text(const Interval& figure, bool is_size) {
  const auto one = [&](double value) { return is_size ? format_about(value) : format_figure(value); };
  if (figure.low == figure.high) return one(figure.median);
  return fmt::format("{} ({} to {})", one(figure.median), one(figure.low), one(figure.high));
}

std::string place_text(const AssertionCase& judged, const ResultDocument& document, bool is_size) {
  const Point& point = document.plan.points.at(judged.point_index).point;
  std::vector<std::string> parts;
  for (const Axis* axis : varying_axes(document, point.workload))
    if (!is_size || axis->name != "size") parts.push_back(axis_text(*axis, point));
  return parts.empty() ? std::string{} : fmt::format(" at {}", fmt::join(parts, ", "));
}

}  // namespace

std::string_view words_of(Holds holds) {
  switch (holds) {
    case Holds::yes: return "holds";
    case Holds::no: return "does not hold";
    case Holds::undecided: return "undecided";
  }
  return "undecided";
}

std::vector<std::string> words_of_cases(const AssertionResult& assertion, const ResultDocument& document) {
  if (assertion.cases.empty()) return {assertion.because};
  const bool is_size = assertion.expression.starts_with("crossover ");
  std::vector<std::string> lines;
  for (const AssertionCase& judged : assertion.cases) {
    const bool has_figure = judged.figure.median > 0 || judged.because.empty();
    std::string text = has_figure ? figure_text(judged.figure, is_size) : judged.because;
    text += fmt::format(": {}{}", judged.subject, place_text(judged, document, is_size));
    if (has_figure && !judged.because.empty()) text += ", " + judged.because;
    if (judged.holds != assertion.holds || judged.holds == Holds::undecided)
      text += fmt::format(" ({})", judged.holds == Holds::undecided && judged.because.empty()
                                       ? "undecided: the noise reaches to both sides"
                                       : words_of(judged.holds));
    lines.push_back(std::move(text));
  }
  return lines;
}

}  // namespace xover
