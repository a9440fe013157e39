// Which figure of a cell goes into which chart.
#include "harness/reports/html/section_charts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "harness/analysis/figures.h"
#include "harness/reports/section_words.h"
#include "harness/reports/words.h"

namespace xover::html {

namespace {

constexpr double logarithmic_from_ratio = 20;

using FigureOf = std::function<Interval(const CellResult&)>;  // a median that is not above 0: there is none

struct Subject {
  std::string title, unit;
  Metric metric = Metric::goodput;  // whose crossovers are marked
  FigureOf figure;
  FigureOf higher_percentile = {};  // in the same chart where it is over sizes, else in one of its own
};

Interval throughput(const CellResult& cell) { return throughput_of(cell); }
Interval cycles(const CellResult& cell) { return cell.cycles_per_byte; }

// The cell's own percentile, with the interval that its rounds give.
Interval latency(const CellResult& cell, double percent, double cell_us) {
  if (cell.latency.count == 0) return {};
  const auto rounds =
      observations(cell, [&](const CellResult&, const Sample& sample) { return latency_us(sample, percent); });
  const Interval interval = estimate(rounds).interval;
  return rounds.size() < 2 ? Interval{cell_us, 0, 0} : Interval{cell_us, interval.low, interval.high};
}

std::string capital(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() += 'A' - 'a';
  return text;
}

std::string cycles_unit(const Section& section) {
  const auto count = std::ranges::count_if(
      section.cells, [](const CellResult* cell) { return has_figures(*cell) && has_reference_cycles(*cell); });
  return count > 0 ? "reference cycles" : "cycles";
}

std::string latency_words(Workload workload) {
  return is_bulk(workload) ? "time that a message is lent" : std::string(latency_title(workload));
}

std::vector<Subject> subjects_of(const Section& section) {
  std::vector<Subject> subjects;
  const std::string virtually = section.substrate == Substrate::simulated ? "virtual " : "";
  if (section.workload != Workload::pingpong && section.workload != Workload::paced)
    subjects.push_back({capital(virtually + (section.has_receiver ? "goodput" : "handed over")), "Gbit/s",
                        Metric::goodput, throughput});
  subjects.push_back({"CPU per byte", cycles_unit(section), Metric::cpu, cycles});
  Subject latency_subject{capital(virtually + latency_words(section.workload)), "µs", Metric::latency_p50,
                          [](const CellResult& cell) { return latency(cell, 50, cell.latency.p50_us); },
                          [](const CellResult& cell) { return latency(cell, 99, cell.latency.p99_us); }};
  subjects.insert(is_bulk(section.workload) ? subjects.end() : subjects.begin(), std::move(latency_subject));
  return subjects;
}

std::optional<Value> value_of(const Interval& interval) {
  if (!(interval.median > 0) || !std::isfinite(interval.median)) return std::nullopt;
  Value value{interval.median, 0, 0, format_figure(interval.median)};
  if (interval.low > 0 && interval.high > interval.low && std::isfinite(interval.high)) {
    value.low = interval.low;
    value.high = interval.high;
    value.text += fmt::format(" ({} to {})", format_figure(interval.low), format_figure(interval.high));
  }
  return value;
}

Series& series_called(Chart& chart, const std::string& name, unsigned style, bool secondary) {
  auto found = std::ranges::find_if(
      chart.series, [&](const Series& series) { return series.name == name && series.secondary == secondary; });
  if (found == chart.series.end())
    found = chart.series.insert(found,
                                {name, style, secondary, std::vector<std::optional<Value>>(chart.categories.size())});
  return *found;
}

class ChartMaker {
 public:
  ChartMaker(const ResultDocument& document, const Section& section, const Styles& styles)
      : document_(document), section_(section), styles_(styles), layout_(layout_of(document, section)) {}

  std::vector<Panel> panels() const {
    std::vector<Panel> panels;
    for (const Subject& subject : subjects_of(section_)) {
      if (!layout_.over_sizes) {
        const bool two = subject.higher_percentile != nullptr;
        add(panels, bars(subject.title + (two ? ", median" : ""), subject.unit, subject.figure));
        if (two) add(panels, bars(subject.title + ", 99th percentile", subject.unit, subject.higher_percentile));
      } else if (layout_.facets.size() == 1) {
        add(panels, lines(layout_.facets.front(), subject));
      } else {
        add_multiples(panels, subject);
      }
    }
    return panels;
  }

 private:
  // Charts that stand alone share one panel.
  static void add(std::vector<Panel>& panels, Chart chart) {
    if (chart.series.empty()) return;
    if (panels.empty()) panels.push_back({});
    panels.back().charts.push_back(std::move(chart));
  }

  void add_multiples(std::vector<Panel>& panels, const Subject& subject) const {
    Panel panel{fmt::format("{}, {}", subject.title, subject.unit), {}};
    for (const Facet& facet : layout_.facets) {
      Chart chart = lines(facet, subject);
      if (!chart.series.empty()) panel.charts.push_back(std::move(chart));
    }
    if (panel.charts.empty()) return;
    double least = panel.charts.front().least, greatest = 0;
    bool logarithmic = false;
    for (const Chart& chart : panel.charts) {
      least = std::min(least, chart.least);
      greatest = std::max(greatest, chart.greatest);
      logarithmic = logarithmic || chart.logarithmic;
    }
    for (Chart& chart : panel.charts) {
      chart.least = least;
      chart.greatest = greatest;
      chart.logarithmic = logarithmic;
    }
    panels.push_back(std::move(panel));
  }

  // An interval that reaches far beyond all values would leave them no room: it is cut.
  static void set_scale(Chart& chart) {
    constexpr double most_beyond = 1.6;
    double greatest_value = 0, greatest_high = 0;
    chart.least = std::numeric_limits<double>::infinity();
    for (const Series& series : chart.series) {
      for (const auto& value : series.values) {
        if (!value) continue;
        greatest_value = std::max(greatest_value, value->value);
        greatest_high = std::max(greatest_high, value->high);
        chart.least = std::min(chart.least, value->value);
      }
    }
    chart.logarithmic = chart.kind == ChartKind::lines && greatest_value > logarithmic_from_ratio * chart.least;
    chart.greatest = std::max(greatest_value, std::min(greatest_high, most_beyond * greatest_value));
  }

  Chart lines(const Facet& facet, const Subject& subject) const {
    Chart chart;
    const bool alone = layout_.facets.size() == 1;
    chart.title = alone ? subject.title : facet.title;
    chart.topic = alone ? subject.title : fmt::format("{}, {}", subject.title, facet.title);
    chart.unit = subject.unit;
    std::map<std::uint64_t, std::size_t> index_of_size;
    for (const auto& [size_bytes, label] : layout_.size_labels) {
      const auto here = [&](const CellResult* cell) { return point_of(*cell, document_).size_bytes == size_bytes; };
      if (std::ranges::none_of(facet.cells, here)) continue;
      index_of_size[size_bytes] = chart.categories.size();
      chart.categories.push_back({label, static_cast<double>(size_bytes)});
    }
    for (const CellResult* cell : facet.cells) {
      const std::size_t index = index_of_size.at(point_of(*cell, document_).size_bytes);
      put(chart, *cell, subject.figure, index, false);
      if (subject.higher_percentile) put(chart, *cell, subject.higher_percentile, index, true);
    }
    set_scale(chart);
    add_marks(chart, facet, subject.metric);
    return chart;
  }

  Chart bars(const std::string& title, const std::string& unit, const FigureOf& figure) const {
    Chart chart;
    chart.kind = ChartKind::bars;
    chart.title = chart.topic = title;
    chart.unit = unit;
    for (const Facet& facet : layout_.facets) chart.categories.push_back({facet.title, 0});
    for (std::size_t i = 0; i < layout_.facets.size(); ++i) {
      for (const CellResult* cell : layout_.facets[i].cells) put(chart, *cell, figure, i, false);
    }
    set_scale(chart);
    return chart;
  }

  void put(Chart& chart, const CellResult& cell, const FigureOf& figure, std::size_t index, bool secondary) const {
    if (!has_figures(cell)) return;
    auto value = value_of(figure(cell));
    if (!value) return;
    const std::string name = series_name(cell, point_of(cell, document_));
    Series& series = series_called(chart, name, styles_.of(name), secondary);
    if (!series.values[index]) series.values[index] = std::move(value);
  }

  const CellResult* cell_of_facet(const Facet& facet, std::size_t point_index, const std::string& variant) const {
    const CellResult* cell = find_cell(document_, point_index, variant);
    return std::ranges::find(facet.cells, cell) == facet.cells.end() ? nullptr : cell;
  }

  void add_marks(Chart& chart, const Facet& facet, Metric metric) const {
    for (const Crossover& crossover : document_.crossovers) {
      const bool at = crossover.metric == metric && crossover.verdict == CrossoverVerdict::at;
      const CellResult* candidate = at ? cell_of_facet(facet, crossover.point_index, crossover.candidate) : nullptr;
      if (candidate == nullptr) continue;
      const CellResult* baseline = find_cell(document_, crossover.point_index, crossover.baseline);
      const std::string name = series_name(*candidate, point_of(*candidate, document_));
      const std::string other =
          baseline == nullptr ? crossover.baseline : series_name(*baseline, point_of(*baseline, document_));
      const Interval& size = crossover.size_bytes;
      const std::string label = format_about(size.median);
      chart.marks.push_back({name, styles_.of(name), size, label,
                             fmt::format("{} overtakes {} at {} ({}{} to {})", name, other, label,
                                         crossover.virtual_time ? "between the sizes " : "", format_about(size.low),
                                         format_about(size.high))});
    }
  }

  const ResultDocument& document_;
  const Section& section_;
  const Styles& styles_;
  Layout layout_;
};

}  // namespace

ChartGroup section_charts(const ResultDocument& document, const Section& section, const Styles& styles,
                          std::string id) {
  return {std::move(id), ChartMaker(document, section, styles).panels(), Palette::transports};
}

}  // namespace xover::html
