// Comparisons of the same two transports by the same metric form a series over the sizes, at each combination of the
// other axes. A series is cut into runs of one verdict and one reason, and each run is a sentence; series that say the
// same of all their sizes are joined into one.
#include "harness/reports/sentences.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/figures.h"
#include "harness/analysis/saturation.h"
#include "harness/reports/reasons.h"
#include "harness/reports/section.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

struct Item {
  const Comparison* comparison;  // whose figures are told
  const Point* point;
  std::string place;  // what varies but the size: "on lo, one core, 4 connections"
  std::string reason;
  bool has_receiver;
  bool link_full =
      false;  // asked by goodput, of which the link leaves nothing to tell: told by CPU where that is known
};

// Consecutive items with one outcome; never empty.
struct Run {
  std::vector<Item> items;
  std::vector<std::string> places;  // of the series that were joined into this one
  bool whole_series = false;

  const Comparison& comparison() const { return *items.front().comparison; }
  const std::string& reason() const { return items.front().reason; }
};

// The interval of this one ratio leaves out 1, but a run of many comparisons would find some such by chance.
bool needs_more_rounds(const Comparison& comparison) {
  return comparison.verdict == Verdict::indistinguishable && (comparison.ratio.low > 1 || comparison.ratio.high < 1);
}

bool same_outcome(const Item& a, const Item& b) {
  return a.comparison->metric == b.comparison->metric && a.link_full == b.link_full &&
         a.comparison->verdict == b.comparison->verdict && a.reason == b.reason &&
         needs_more_rounds(*a.comparison) == needs_more_rounds(*b.comparison);
}

using SeriesKey = std::tuple<std::string, std::string, Metric, Workload, std::string>;

// The same two at the same point by another metric. Null: none.
const Comparison* same_pair_by(const ResultDocument& document, const Comparison& comparison, Metric metric) {
  const auto found =
      std::find_if(document.comparisons.begin(), document.comparisons.end(), [&](const Comparison& other) {
        return other.metric == metric && other.point_index == comparison.point_index &&
               other.baseline == comparison.baseline && other.candidate == comparison.candidate;
      });
  return found == document.comparisons.end() ? nullptr : &*found;
}

// None where the comparison is told together with another one.
std::optional<Item> item_of(const ResultDocument& document, const Comparison& comparison) {
  const Point& point = document.plan.points.at(comparison.point_index).point;
  const CellResult* baseline = find_cell(document, comparison.point_index, comparison.baseline);
  const CellResult* candidate = find_cell(document, comparison.point_index, comparison.candidate);
  if (baseline == nullptr || candidate == nullptr) return std::nullopt;
  const bool link_full = both_fill_the_link(*baseline, *candidate);
  if (link_full && comparison.metric == Metric::cpu && same_pair_by(document, comparison, Metric::goodput) != nullptr)
    return std::nullopt;
  Item item{&comparison,
            &point,
            place_of(*candidate, point, varying_axes(document, point.workload)),
            {},
            candidate->has_receiver};
  item.link_full = link_full && comparison.metric == Metric::goodput;
  if (const Comparison* by_cpu = same_pair_by(document, comparison, Metric::cpu); item.link_full && by_cpu != nullptr)
    item.comparison = by_cpu;
  // Said once, with the metric that the workload is about.
  const bool main_metric = metrics_of(point.workload).front() == comparison.metric;
  if (main_metric) item.reason = reason_of(*item.comparison, *baseline, *candidate);
  return item;
}

// In the order in which the document first names them.
std::vector<std::pair<SeriesKey, std::vector<Item>>> series_of(const ResultDocument& document) {
  std::vector<std::pair<SeriesKey, std::vector<Item>>> series;
  for (const Comparison& comparison : document.comparisons) {
    auto item = item_of(document, comparison);
    if (!item) continue;
    SeriesKey key{comparison.baseline, comparison.candidate, comparison.metric, item->point->workload, item->place};
    auto found = std::find_if(series.begin(), series.end(), [&](const auto& entry) { return entry.first == key; });
    if (found == series.end()) found = series.insert(series.end(), {std::move(key), {}});
    found->second.push_back(std::move(*item));
  }
  for (auto& [key, items] : series) {
    std::stable_sort(items.begin(), items.end(),
                     [](const Item& a, const Item& b) { return a.point->size_bytes < b.point->size_bytes; });
  }
  return series;
}

std::vector<Run> runs_of(const std::vector<Item>& items) {
  std::vector<Run> runs;
  for (const Item& item : items) {
    if (runs.empty() || !same_outcome(runs.back().items.back(), item)) runs.push_back({{}, {item.place}, false});
    runs.back().items.push_back(item);
  }
  runs.front().whole_series = runs.size() == 1;
  return runs;
}

std::vector<std::uint64_t> sizes_of(const Run& run) {
  std::vector<std::uint64_t> sizes;
  for (const Item& item : run.items) sizes.push_back(item.point->size_bytes);
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

bool may_join(const Run& a, const Run& b) {
  const Comparison &x = a.comparison(), &y = b.comparison();
  return a.whole_series && b.whole_series && x.baseline == y.baseline && x.candidate == y.candidate &&
         x.metric == y.metric && a.items.front().point->workload == b.items.front().point->workload &&
         same_outcome(a.items.front(), b.items.front()) && sizes_of(a) == sizes_of(b);
}

std::vector<Run> joined(std::vector<Run> runs) {
  std::vector<Run> result;
  for (Run& run : runs) {
    const auto found =
        std::find_if(result.begin(), result.end(), [&](const Run& other) { return may_join(other, run); });
    if (found == result.end()) {
      result.push_back(std::move(run));
    } else {
      found->items.insert(found->items.end(), run.items.begin(), run.items.end());
      found->places.push_back(run.places.front());
    }
  }
  return result;
}

std::string sizes_text(const Run& run) {
  const std::vector<std::uint64_t> sizes = sizes_of(run);
  const auto text = [](std::uint64_t size) { return size < 1024 ? fmt::format("{} bytes", size) : format_size(size); };
  if (sizes.size() == 1) return text(sizes.front());
  if (sizes.size() == 2) return fmt::format("{} and {}", format_size(sizes.front()), text(sizes.back()));
  return fmt::format("{} to {}", format_size(sizes.front()), text(sizes.back()));
}

// "1 connection", "2 connections" as "1, 2 connections"; what does not have that form as it is.
std::string joined_counts(const std::vector<std::string>& texts) {
  const auto noun_of = [](const std::string& text) {
    const std::size_t blank = text.find(' ');
    std::string noun = blank == std::string::npos ? std::string{} : text.substr(blank + 1);
    if (noun.ends_with('s')) noun.pop_back();
    return noun;
  };
  const std::string noun = noun_of(texts.front());
  const bool counted =
      !noun.empty() && std::all_of(texts.begin(), texts.end(), [&](const auto& text) { return noun_of(text) == noun; });
  if (!counted) return fmt::format("{}", fmt::join(texts, " / "));
  std::vector<std::string> counts;
  for (const std::string& text : texts) counts.push_back(text.substr(0, text.find(' ')));
  return fmt::format("{} {}s", fmt::join(counts, ", "), noun);
}

// Joined places: what they share, then where they differ.
std::string places_text(const Run& run) {
  const std::string& first = run.places.front();
  if (run.places.size() == 1) return first;
  std::size_t shared = first.size();
  for (const std::string& place : run.places) {
    const auto [mine, theirs] = std::mismatch(first.begin(), first.end(), place.begin(), place.end());
    shared = std::min(shared, static_cast<std::size_t>(mine - first.begin()));
  }
  const std::size_t comma = first.rfind(", ", shared);
  if (comma == std::string::npos) return fmt::format("{}", fmt::join(run.places, " / "));
  std::vector<std::string> rests;
  for (const std::string& place : run.places) rests.push_back(place.substr(std::min(comma + 2, place.size())));
  return fmt::format("{}, {}", first.substr(0, comma), joined_counts(rests));
}

std::string verb_phrase(const Item& item, const std::string& times) {
  const Comparison& comparison = *item.comparison;
  const std::string& candidate = comparison.candidate;
  const std::string& baseline = comparison.baseline;
  switch (comparison.metric) {
    case Metric::goodput: {
      const std::string_view verb = item.has_receiver ? "moves" : "hands over";
      return fmt::format("{} {} {} what {} {}", candidate, verb, times, baseline, verb);
    }
    case Metric::cpu: return fmt::format("{} spends {} the cycles per byte that {} spends", candidate, times, baseline);
    case Metric::latency_p50:
    case Metric::latency_p99: {
      const std::string_view which = comparison.metric == Metric::latency_p50 ? "median" : "99th percentile";
      const std::string_view what = item.point->workload == Workload::pingpong ? "round trip" : "latency";
      return fmt::format("the {} {} of {} is {} that of {}", which, what, candidate, times, baseline);
    }
  }
  return {};
}

std::string_view metric_noun(const Item& item) {
  switch (item.comparison->metric) {
    case Metric::goodput: return item.has_receiver ? "what they move" : "what they hand over";
    case Metric::cpu: return "cycles per byte";
    case Metric::latency_p50: return "median latency";
    case Metric::latency_p99: return "99th percentile of latency";
  }
  return {};
}

std::string_view verdict_word(const Comparison& comparison) {
  const bool better = comparison.verdict == Verdict::faster;
  if (comparison.metric == Metric::cpu) return better ? "cheaper" : "dearer";
  return better ? "faster" : "slower";
}

// Two decimals, but never "0.00" for something that is there.
std::string ratio_text(double ratio) {
  return ratio < 0.1 ? fmt::format("{:.2g}", ratio) : fmt::format("{:.2f}", ratio);
}

// "0.78 of", "1.21 times"; the same ratio twice is said once.
std::string times_text(const Run& run) {
  const auto [low, high] = std::minmax_element(run.items.begin(), run.items.end(), [](const Item& a, const Item& b) {
    return a.comparison->ratio.median < b.comparison->ratio.median;
  });
  const double least = low->comparison->ratio.median, greatest = high->comparison->ratio.median;
  const std::string from = ratio_text(least), to = ratio_text(greatest);
  const std::string_view unit = greatest < 1 ? "of" : "times";
  return from == to ? fmt::format("{} {}", from, unit) : fmt::format("{} to {} {}", from, to, unit);
}

std::string rounds_text(const Run& run) {
  const auto [low, high] = std::minmax_element(run.items.begin(), run.items.end(), [](const Item& a, const Item& b) {
    return a.comparison->rounds < b.comparison->rounds;
  });
  const std::uint32_t least = low->comparison->rounds, greatest = high->comparison->rounds;
  const std::string count = least == greatest ? fmt::format("{}", least) : fmt::format("{} to {}", least, greatest);
  return fmt::format("{} round{}{}", count, greatest == 1 ? "" : "s", run.items.size() > 1 ? " each" : "");
}

// The interval of one comparison; of several, what holds all their intervals.
std::string bounds_text(const Run& run) {
  double low = run.comparison().ratio.low, high = run.comparison().ratio.high;
  for (const Item& item : run.items) {
    low = std::min(low, item.comparison->ratio.low);
    high = std::max(high, item.comparison->ratio.high);
  }
  return fmt::format("{}{} to {}", run.items.size() > 1 ? "all within " : "", ratio_text(low), ratio_text(high));
}

std::string statement(const Run& run) {
  const Comparison& comparison = run.comparison();
  switch (comparison.verdict) {
    case Verdict::faster:
    case Verdict::slower: {
      const std::string details = bounds_text(run) + ", " + rounds_text(run);
      return fmt::format("{} ({}): {}.", verb_phrase(run.items.front(), times_text(run)), details,
                         verdict_word(comparison));
    }
    case Verdict::indistinguishable:
      if (comparison.virtual_time)
        return fmt::format("{} equals {} by {}.", comparison.candidate, comparison.baseline,
                           metric_noun(run.items.front()));
      if (needs_more_rounds(comparison))
        return fmt::format(
            "{} seems to differ from {} by {} ({} times, {}), but with as many comparisons as this run "
            "makes that may be chance: take more rounds.",
            comparison.candidate, comparison.baseline, metric_noun(run.items.front()), bounds_text(run),
            rounds_text(run));
      return fmt::format("{} cannot be told from {} by {} ({} times, {}).", comparison.candidate, comparison.baseline,
                         metric_noun(run.items.front()), bounds_text(run), rounds_text(run));
    case Verdict::too_few_rounds:
      return fmt::format("too few rounds to tell {} from {} by {} ({}; a verdict takes 6).", comparison.candidate,
                         comparison.baseline, metric_noun(run.items.front()), rounds_text(run));
  }
  return {};
}

// Where the link is full, what it leaves to tell.
std::string statement_by_link(const Run& run) {
  const Comparison& comparison = run.comparison();
  if (!run.items.front().link_full) return statement(run);
  const std::string equal =
      fmt::format("{} and {} are equal: the link is full", comparison.candidate, comparison.baseline);
  return comparison.metric == Metric::cpu ? fmt::format("{}; by CPU {}", equal, statement(run)) : equal + ".";
}

std::string sentence(const Run& run) {
  const std::string_view mark = run.comparison().virtual_time ? virtual_time_mark : "";
  std::string text = fmt::format("{}{} {}: {}", mark, sizes_text(run), places_text(run), statement_by_link(run));
  if (!run.reason().empty()) text += ' ' + run.reason();
  return text;
}

}  // namespace

std::vector<ComparisonSentence> told_comparisons(const ResultDocument& document) {
  std::vector<Run> runs;
  for (const auto& [key, items] : series_of(document)) {
    for (Run& run : runs_of(items)) runs.push_back(std::move(run));
  }
  std::vector<ComparisonSentence> told;
  for (const Run& run : joined(std::move(runs))) told.push_back({run.comparison().verdict, sentence(run)});
  return told;
}

std::vector<std::string> comparison_sentences(const ResultDocument& document) {
  std::vector<std::string> sentences;
  for (ComparisonSentence& told : told_comparisons(document)) sentences.push_back(std::move(told.text));
  return sentences;
}

}  // namespace xover
