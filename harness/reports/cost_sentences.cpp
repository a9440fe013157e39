// Costs in the unit that is short: 850 ns, 2.10 us, 12.3k cycles.
#include "harness/reports/cost_sentences.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/reports/section.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

constexpr std::string_view terms =
    "In the terms of Skevik et al. (2001, section 3.2), a send of s bytes takes t1, moving the data, and t2, all else; "
    "R = s / (t1 + t2), and R_max = s / t2 if the copy vanished.";

std::string cost_text(double cost, Metric metric) {
  if (metric == Metric::cpu) return (cost < 1000 ? format_figure(cost) : format_count(cost)) + " cycles";
  if (cost < 999.5) return format_figure(cost) + " ns";
  return cost < 999.5e3 ? format_figure(cost / 1e3) + " us" : format_figure(cost / 1e6) + " ms";
}

// A fixed part below 0 is none that anybody pays: the line is not straight down to no bytes.
std::string line_text(const CostLine& line, Metric metric) {
  const std::string of_byte = cost_text(line.per_byte.median, metric) + " for each byte";
  if (line.fixed.median <= 0) return of_byte;
  return cost_text(line.fixed.median, metric) + " for each message and " + of_byte;
}

std::string_view what_of(Metric metric) {
  switch (metric) {
    case Metric::goodput: return "the time from message to message";
    case Metric::cpu: return "the cycles of both sides";
    case Metric::latency_p50:
    case Metric::latency_p99: return "the latency";
  }
  return {};
}

std::string begun_at(const ResultDocument& document, const CellResult& cell, std::size_t point_index) {
  const Point& point = document.plan.points.at(point_index).point;
  std::string text = place_of(cell, point, varying_axes(document, point.workload)) + ": ";
  text.front() = 'O';
  if (cell.virtual_time()) text.insert(0, virtual_time_mark);
  return text;
}

std::string knee_sentence(const ResultDocument& document, const CostModel& model) {
  const CellResult* cell = find_cell(document, model.point_index, model.variant);
  if (cell == nullptr) return {};
  const Interval& size = model.knee->size_bytes;
  const std::string between =
      model.virtual_time ? std::string{} : fmt::format(" ({} to {})", format_about(size.low), format_about(size.high));
  return fmt::format("{}by {}, {} costs {} up to messages of about {}{}, and above that {}.",
                     begun_at(document, *cell, model.point_index), what_of(model.metric), model.variant,
                     line_text(model.line, model.metric), format_about(size.median), between,
                     line_text(model.knee->above, model.metric));
}

// Sizes of one variant at one place.
std::vector<std::vector<const CopyTime*>> by_place(const ResultDocument& document) {
  std::vector<std::vector<const CopyTime*>> groups;
  const auto place = [&](const CopyTime& time) {
    Point point = document.plan.points.at(time.point_index).point;
    point.size_bytes = 0;
    return point;
  };
  for (const CopyTime& time : document.copy_times) {
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.front()->variant == time.variant && place(*group.front()) == place(time);
    });
    if (found == groups.end()) {
      groups.push_back({&time});
    } else {
      found->push_back(&time);
    }
  }
  return groups;
}

std::string copy_sentence(const ResultDocument& document, const std::vector<const CopyTime*>& times) {
  const CopyTime& first = *times.front();
  const CellResult* cell = find_cell(document, first.point_index, first.variant);
  if (cell == nullptr) return {};
  std::string sizes;
  for (const CopyTime* time : times) {
    const std::uint64_t size_bytes = document.plan.points.at(time->point_index).point.size_bytes;
    sizes += fmt::format("{}{}: t1 {}, t2 {}, R {}, R_max {} Gbps", sizes.empty() ? "" : "; ", format_size(size_bytes),
                         cost_text(time->t1_ns.median, Metric::goodput), cost_text(time->t2_ns.median, Metric::goodput),
                         format_figure(time->rate_gbps.median), format_figure(time->greatest_rate_gbps.median));
  }
  return fmt::format("{}a send of {}. {}.", begun_at(document, *cell, first.point_index), first.variant, sizes);
}

}  // namespace

std::string why_text(const CostDifference& why, Metric metric) {
  return fmt::format("each message costs {} more and each byte {} less", cost_text(why.fixed.median, metric),
                     cost_text(-why.per_byte.median, metric));
}

std::vector<std::string> cost_sentences(const ResultDocument& document) {
  std::vector<std::string> sentences;
  for (const CostModel& model : document.cost_models) {
    if (model.knee) sentences.push_back(knee_sentence(document, model));
  }
  if (!document.copy_times.empty()) sentences.emplace_back(terms);
  for (const auto& times : by_place(document)) sentences.push_back(copy_sentence(document, times));
  std::erase(sentences, std::string{});
  return sentences;
}

}  // namespace xover
