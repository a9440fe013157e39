// A byte that was copied in user space first is counted there too, so a bar may be longer than 1.
#include "harness/reports/html/ledger_charts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/reports/section_words.h"
#include "harness/reports/words.h"

namespace xover::html {

namespace {

constexpr std::size_t class_count = handover_classes + 1;
constexpr std::array<std::string_view, class_count> class_names{"copied in user space",
                                                                "copied by the kernel, by design",
                                                                "copied by the kernel, though zero-copy was asked",
                                                                "copied by the driver",
                                                                "copied by nobody",
                                                                "no evidence"};

using Shares = std::array<double, class_count>;  // of the completed bytes; the first may be above 1

Shares shares_of(const Ledger& ledger) {
  Shares shares{static_cast<double>(ledger.user_copied_bytes) / static_cast<double>(ledger.completed_bytes)};
  for (std::size_t i = 0; i < handover_classes; ++i) shares[i + 1] = share(ledger, static_cast<Handover>(i));
  return shares;
}

// So that a few bytes more or less make no bar of their own.
bool alike(const Shares& a, const Shares& b) {
  return std::ranges::equal(a, b, [](double x, double y) { return std::abs(x - y) < 0.05; });
}

// Cells of one transport whose ledgers say the same, and those ledgers together.
struct Bar {
  std::string series;
  Ledger ledger;
  std::vector<std::uint64_t> sizes_bytes;
  std::string place;  // of the first
  std::string label = {};
};

std::vector<Bar> bars_of(const ResultDocument& document, const Section& section, const Layout& layout,
                         Ledger CellResult::* side) {
  std::vector<Bar> bars;
  for (const Facet& facet : layout.facets) {
    for (const CellResult* cell : facet.cells) {
      const Ledger& ledger = cell->*side;
      if (!has_figures(*cell) || ledger.completed_bytes == 0) continue;
      const Point& point = point_of(*cell, document);
      const std::string series = series_name(*cell, point);
      auto bar = std::ranges::find_if(bars, [&](const Bar& other) {
        return other.series == series && alike(shares_of(other.ledger), shares_of(ledger));
      });
      if (bar == bars.end()) bar = bars.insert(bar, {series, {}, {}, facet.title});
      bar->ledger += ledger;
      bar->sizes_bytes.push_back(point.size_bytes);
    }
  }
  std::ranges::stable_sort(bars, {}, [&](const Bar& bar) {
    return std::ranges::find(section.cells, bar.series,
                             [&](const CellResult* cell) { return series_name(*cell, point_of(*cell, document)); }) -
           section.cells.begin();
  });
  return bars;
}

// "tcp.zerocopy"; of several bars of one transport what tells them apart: "tcp.zerocopy, 4K to 64K (6 of 8 cells)".
void label(std::vector<Bar>& bars) {
  std::map<std::string, std::size_t> cells, bars_of_series;
  for (const Bar& bar : bars) {
    cells[bar.series] += bar.sizes_bytes.size();
    ++bars_of_series[bar.series];
  }
  for (Bar& bar : bars) {
    bar.label = bar.series;
    if (bars_of_series[bar.series] == 1) continue;
    const auto [least, greatest] = std::ranges::minmax(bar.sizes_bytes);
    bar.label += ", " + format_size(least);
    if (least != greatest) bar.label += " to " + format_size(greatest);
    if (bar.sizes_bytes.size() > 1) {
      bar.label += fmt::format(" ({} of {} cells)", bar.sizes_bytes.size(), cells[bar.series]);
    } else if (!bar.place.empty()) {
      bar.label += ", " + bar.place;
    }
  }
}

Chart chart_of(const std::vector<Bar>& bars, std::string_view side) {
  Chart chart;
  chart.kind = ChartKind::stacks;
  chart.title = fmt::format("{} side", side);
  chart.topic = fmt::format("Who copied the bytes on the {} side", side);
  chart.unit = "times each byte";
  for (const Bar& bar : bars) chart.categories.push_back({bar.label, 0});
  for (std::size_t i = 0; i < class_count; ++i) {
    Series series{std::string(class_names[i]), static_cast<unsigned>(i), false, {}};
    bool any = false;
    for (const Bar& bar : bars) {
      const double value = shares_of(bar.ledger)[i];
      any = any || value > 0;
      series.values.push_back(value > 0 ? std::optional(Value{value, 0, 0, format_figure(value)}) : std::nullopt);
    }
    if (any) chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

ChartGroup ledger_charts(const ResultDocument& document, const Section& section, std::string id) {
  ChartGroup group{std::move(id), {}, Palette::ledger};
  Panel panel;
  const Layout layout = layout_of(document, section);
  for (const auto& [side, ledger] :
       {std::pair{"sending", &CellResult::sender_ledger}, std::pair{"receiving", &CellResult::receiver_ledger}}) {
    std::vector<Bar> bars = bars_of(document, section, layout, ledger);
    label(bars);
    if (!bars.empty()) panel.charts.push_back(chart_of(bars, side));
  }
  if (!panel.charts.empty()) group.panels.push_back(std::move(panel));
  return group;
}

}  // namespace xover::html
