// Crossovers of one pair at one place are told together, those by one verdict in one breath.
#include "harness/reports/crossover_sentences.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/reports/cost_sentences.h"
#include "harness/reports/section.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

// One pair at one place, by several metrics; never empty.
using Group = std::vector<const Crossover*>;

std::vector<Group> groups_of(const ResultDocument& document) {
  std::vector<Group> groups;
  for (const Crossover& crossover : document.crossovers) {
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      const Crossover& first = *group.front();
      return first.point_index == crossover.point_index && first.baseline == crossover.baseline &&
             first.candidate == crossover.candidate;
    });
    if (found == groups.end()) {
      groups.push_back({&crossover});
    } else {
      found->push_back(&crossover);
    }
  }
  return groups;
}

std::string_view by_metric(Metric metric, bool has_receiver) {
  switch (metric) {
    case Metric::goodput: return has_receiver ? "by what is moved" : "by what is handed over";
    case Metric::cpu: return "by cycles per byte";
    case Metric::latency_p50: return "by median latency";
    case Metric::latency_p99: return "by the 99th percentile of latency";
  }
  return {};
}

// As a person wrote it where that is short: 64K, and 57.5K for 58880.
std::string size_text(std::uint64_t size_bytes) {
  const bool whole = size_bytes % 1024 == 0;
  return whole ? format_size(size_bytes) : format_about(static_cast<double>(size_bytes));
}

// "1K to 57.5K"
std::string tested_text(const Crossover& crossover) {
  const std::vector<std::uint64_t>& sizes = crossover.sizes_tested;
  if (sizes.empty()) return {};
  return fmt::format("{} to {}", size_text(sizes.front()), size_text(sizes.back()));
}

// "by what is moved and by cycles per byte"; with the size before each, where there is one.
std::string metrics_text(const Group& same_verdict, bool has_receiver) {
  std::string text;
  for (const Crossover* crossover : same_verdict) {
    if (!text.empty()) text += " and ";
    const Interval& size = crossover->size_bytes;
    if (crossover->verdict == CrossoverVerdict::at)
      text += fmt::format("at {} ({}{} to {}) ", format_about(size.median),
                          crossover->virtual_time ? "exactly, between the sizes " : "", format_about(size.low),
                          format_about(size.high));
    text += by_metric(crossover->metric, has_receiver);
  }
  return text;
}

std::string statement(CrossoverVerdict verdict, const std::string& baseline, const std::string& tested,
                      const std::string& metrics) {
  switch (verdict) {
    case CrossoverVerdict::at: return fmt::format("overtakes {} {}", baseline, metrics);
    case CrossoverVerdict::below_tested:
      return fmt::format("is ahead of {} at every size tested ({}), {}", baseline, tested, metrics);
    case CrossoverVerdict::above_tested:
      return fmt::format("is behind {} at every size tested ({}), {}", baseline, tested, metrics);
    case CrossoverVerdict::none:
      return fmt::format(
          "is ahead of {} at some size and behind it again at a larger one ({} tested), {}: no one size "
          "divides them",
          baseline, tested, metrics);
    case CrossoverVerdict::not_separable:
      return fmt::format("may overtake {} or not: the sizes that decide it cannot be told apart ({} tested), {}",
                         baseline, tested, metrics);
  }
  return {};
}

// Behind the sentence, and about the crossovers that it names.
std::string reasons_text(const Group& group, bool has_receiver) {
  std::string text;
  for (const Crossover* crossover : group) {
    if (!crossover->why) continue;
    text += text.empty() ? " Why: " : "; ";
    text +=
        fmt::format("{}, {}", by_metric(crossover->metric, has_receiver), why_text(*crossover->why, crossover->metric));
  }
  if (!text.empty()) text += '.';
  for (const Crossover* crossover : group) {
    if (!crossover->confirmation) continue;
    const Confirmation& fresh = *crossover->confirmation;
    text +=
        fmt::format(" Fresh rounds at {} {} {}: a ratio of {} ({} to {}).", size_text(fresh.size_bytes),
                    fresh.agrees ? "agree" : "do not agree", by_metric(crossover->metric, has_receiver),
                    format_figure(fresh.ratio.median), format_figure(fresh.ratio.low), format_figure(fresh.ratio.high));
  }
  return text;
}

std::string sentence(const ResultDocument& document, const Group& group) {
  const Crossover& first = *group.front();
  const Point& point = document.plan.points.at(first.point_index).point;
  const CellResult* candidate = find_cell(document, first.point_index, first.candidate);
  if (candidate == nullptr) return {};
  constexpr std::array verdicts{CrossoverVerdict::at, CrossoverVerdict::below_tested, CrossoverVerdict::above_tested,
                                CrossoverVerdict::none, CrossoverVerdict::not_separable};
  std::string text = place_of(*candidate, point, varying_axes(document, point.workload)) + ": " + first.candidate + ' ';
  text.front() = 'O';
  if (first.virtual_time) text.insert(0, virtual_time_mark);
  bool begun = false;
  for (const CrossoverVerdict verdict : verdicts) {
    Group same_verdict;
    std::copy_if(group.begin(), group.end(), std::back_inserter(same_verdict),
                 [&](const Crossover* crossover) { return crossover->verdict == verdict; });
    if (same_verdict.empty()) continue;
    if (begun) text += "; it ";
    text += statement(verdict, first.baseline, tested_text(*same_verdict.front()),
                      metrics_text(same_verdict, candidate->has_receiver));
    begun = true;
  }
  return text + '.' + reasons_text(group, candidate->has_receiver);
}

}  // namespace

std::vector<std::string> crossover_sentences(const ResultDocument& document) {
  std::vector<std::string> sentences;
  for (const Group& group : groups_of(document)) sentences.push_back(sentence(document, group));
  std::erase(sentences, std::string{});
  return sentences;
}

}  // namespace xover
