// Turning intervals and verdicts into words for findings.
#include "harness/analysis/evidence.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/statistics.h"

namespace xover {
namespace {

template <typename Member>
auto values_of(const Plan& plan, Member member) {
  std::set<std::decay_t<decltype(Point{}.*member)>> values;
  for (const PlannedPoint& planned : plan.points) values.insert(planned.point.*member);
  return std::vector(values.begin(), values.end());
}

bool is_at(const Point& point, const Place& place) {
  return point.size_bytes == place.size_bytes && point.connections == place.connections &&
         point.alignment_bytes == place.alignment_bytes;
}

}  // namespace

Answer yes_if(bool holds, std::string figure) { return {holds ? "yes" : "no", std::move(figure)}; }

Answer not_here(std::string reason) { return {"not here", std::move(reason)}; }

std::vector<std::uint64_t> Evidence::sizes() const { return values_of(document_.plan, &Point::size_bytes); }

std::vector<std::uint32_t> Evidence::connections() const { return values_of(document_.plan, &Point::connections); }

std::vector<std::uint64_t> Evidence::alignments() const { return values_of(document_.plan, &Point::alignment_bytes); }

const CellResult* Evidence::cell(std::string_view transport, const Place& place) const {
  const auto found = std::find_if(document_.cells.begin(), document_.cells.end(), [&](const CellResult& cell) {
    return cell.status == CellStatus::ok && cell.variant.id == transport && is_at(point_of(cell), place);
  });
  return found == document_.cells.end() ? nullptr : &*found;
}

const CellResult* Evidence::judged_cell(std::string_view transport, const Place& place) const {
  const CellResult* found = cell(transport, place);
  if (found == nullptr) return nullptr;
  const auto rounds = std::count_if(found->rounds.begin(), found->rounds.end(),
                                    [](const RoundRecord& round) { return round.accepted; });
  return static_cast<std::size_t>(rounds) < least_rounds_for_verdict ? nullptr : found;
}

const Comparison* Evidence::comparison(std::string_view baseline, std::string_view candidate, Metric metric,
                                       const Place& place) const {
  const CellResult *below = cell(baseline, place), *above = cell(candidate, place);
  if (below == nullptr || above == nullptr) return nullptr;
  const auto& all = document_.comparisons;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Comparison& comparison) {
    return comparison.point_index == above->point_index && comparison.metric == metric &&
           comparison.baseline == below->variant.name() && comparison.candidate == above->variant.name();
  });
  return found == all.end() ? nullptr : &*found;
}

std::string Evidence::link_of(const CellResult& cell) const {
  return cell.variant.link.name.empty() ? point_of(cell).link.name : cell.variant.link.name;
}

std::vector<Step> ladder(const Evidence& evidence, std::string_view baseline, std::string_view candidate, Metric metric,
                         Place place) {
  std::vector<Step> steps;
  for (std::uint64_t size_bytes : evidence.sizes()) {
    place.size_bytes = size_bytes;
    const Comparison* comparison = evidence.comparison(baseline, candidate, metric, place);
    if (comparison != nullptr) steps.push_back({place, comparison});
  }
  return steps;
}

std::vector<Step> everywhere(const Evidence& evidence, std::string_view baseline, std::string_view candidate,
                             Metric metric, std::uint64_t alignment_bytes) {
  std::vector<Step> steps;
  for (std::uint32_t connections : evidence.connections()) {
    const auto more = ladder(evidence, baseline, candidate, metric, {0, connections, alignment_bytes});
    steps.insert(steps.end(), more.begin(), more.end());
  }
  return steps;
}

Answer starts_to_win(const std::vector<Step>& ladder, std::uint64_t from_bytes, std::uint64_t to_bytes) {
  bool refuted = false, supported = true, tested = false;
  for (const auto& [place, comparison] : ladder) {
    if (place.size_bytes >= from_bytes && place.size_bytes < to_bytes) continue;
    const bool ahead = place.size_bytes >= to_bytes;
    const Verdict claimed = ahead ? Verdict::faster : Verdict::slower;
    const Verdict opposite = ahead ? Verdict::slower : Verdict::faster;
    refuted |= comparison->verdict == opposite;
    supported &= comparison->verdict == claimed;
    tested |= ahead;
  }
  if (!tested) return not_here(fmt::format("nothing was compared at {} or above", format_size(to_bytes)));
  if (refuted || supported) return yes_if(supported, words(ladder));
  return not_here(words(ladder));
}

Answer has_verdict(const Comparison* comparison, Verdict claimed) {
  if (comparison == nullptr) return not_here("not compared in this run");
  const std::string figure = words(comparison->ratio);
  if (comparison->verdict == Verdict::too_few_rounds) return not_here(figure + ", too few rounds");
  if (comparison->verdict == Verdict::indistinguishable) return not_here(figure + ", not separable");
  return yes_if(comparison->verdict == claimed, figure);
}

std::optional<Interval> factor(const Interval& interval, const Interval& base) {
  if (!(base.low > 0) || !(interval.low > 0)) return std::nullopt;
  return Interval{interval.median / base.median, interval.low / base.high, interval.high / base.low};
}

Answer is_above(const std::optional<Interval>& factor, double limit, const std::string& figure) {
  if (!factor) return not_here("not measured in this run");
  if (factor->low > limit || factor->high < limit) return yes_if(factor->low > limit, figure);
  return not_here(figure + ", not separable");
}

Answer is_below(const std::optional<Interval>& factor, double limit, const std::string& figure) {
  Answer answer = is_above(factor, limit, figure);
  if (answer.holds != "not here") answer.holds = answer.holds == "yes" ? "no" : "yes";
  return answer;
}

std::string words(double value) { return format_significant(value, 3); }

std::string words(const Interval& interval) {
  return fmt::format("{} ({} to {})", words(interval.median), words(interval.low), words(interval.high));
}

std::string words(const Comparison& comparison) {
  std::string text = words(comparison.ratio.median);
  if (comparison.verdict == Verdict::indistinguishable) text += " (not separable)";
  if (comparison.verdict == Verdict::too_few_rounds) text += " (too few rounds)";
  return text;
}

std::string words(const std::vector<Step>& ladder) {
  std::string text;
  for (const auto& [place, comparison] : ladder) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", format_size(place.size_bytes), words(*comparison));
  }
  return text;
}

}  // namespace xover
