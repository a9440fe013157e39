// Shares of the connections' time, with what each costs a message beside them.
#include "harness/reports/html/account_charts.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/account.h"
#include "harness/reports/section.h"
#include "harness/reports/words.h"

namespace xover::html {

namespace {

using Side = SideAccount Account::*;
constexpr std::array<std::pair<std::string_view, Side>, 2> sides{
    {{"sender", &Account::sender}, {"receiver", &Account::receiver}}};

struct Sized {
  std::uint64_t size_bytes = 0;
  Account account;
};

// One transport at one place.
struct Place {
  std::string name;
  std::vector<Sized> sizes;
};

std::string in_words(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::vector<Place> places_of(const ResultDocument& document, bool virtual_time) {
  std::vector<Place> places;
  for (const CellResult& cell : document.cells) {
    if (cell.virtual_time() != virtual_time) continue;
    const Point& point = point_of(cell, document);
    auto account = account_of(cell, point);
    if (!account) continue;
    const std::string& label = cell.variant.label;
    const std::string name =
        fmt::format("{} {}", label.empty() ? cell.variant.id + bracketed(cell.variant.options) : label,
                    place_of(cell, point, varying_axes(document, point.workload)));
    auto found = std::ranges::find(places, name, &Place::name);
    if (found == places.end()) found = places.insert(found, {name, {}});
    found->sizes.push_back({point.size_bytes, std::move(*account)});
  }
  for (Place& place : places) std::ranges::stable_sort(place.sizes, {}, &Sized::size_bytes);
  return places;
}

std::optional<Value> value_of(const AccountPhase& phase) {
  if (!(phase.ns_per_message > 0)) return std::nullopt;
  return Value{100 * phase.share, 0, 0,
               fmt::format("{} µs a message, {:.0f} %", format_figure(phase.ns_per_message / 1e3), 100 * phase.share)};
}

// Phases that cost nothing at any size are left out; each keeps its style.
Chart chart_of(const Place& place, std::string_view side_name, Side side) {
  Chart chart;
  chart.kind = ChartKind::stacks;
  chart.title = std::string(side_name);
  chart.topic = fmt::format("Account of the {} of {}", side_name, place.name);
  chart.unit = "% of the connections' time";
  for (const Sized& sized : place.sizes) chart.categories.push_back({format_size(sized.size_bytes), 0});
  const std::size_t phases = (place.sizes.front().account.*side).phases.size();
  for (std::size_t i = 0; i < phases; ++i) {
    Series series{in_words((place.sizes.front().account.*side).phases[i].name), static_cast<unsigned>(i), false, {}};
    for (const Sized& sized : place.sizes) series.values.push_back(value_of((sized.account.*side).phases[i]));
    const bool any = std::ranges::any_of(series.values, [](const auto& value) { return value.has_value(); });
    if (any) chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

std::vector<ChartGroup> account_charts(const ResultDocument& document) {
  std::vector<ChartGroup> groups;
  for (const bool virtual_time : {false, true}) {
    ChartGroup group{fmt::format("account-{}", clock_name(virtual_time)), {}, Palette::phases};
    for (const Place& place : places_of(document, virtual_time)) {
      Panel panel{(virtual_time ? std::string(virtual_time_mark) : std::string{}) + place.name, {}};
      for (const auto& [name, side] : sides) {
        Chart chart = chart_of(place, name, side);
        if (!chart.series.empty()) panel.charts.push_back(std::move(chart));
      }
      if (!panel.charts.empty()) group.panels.push_back(std::move(panel));
    }
    if (!group.panels.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace xover::html
