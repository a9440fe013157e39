// Grouping of cells by the axes that vary.
#include "harness/reports/html/facets.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/reports/section_words.h"
#include "harness/reports/words.h"

namespace xover::html {

namespace {

using Cells = std::vector<const CellResult*>;

bool follows_from_size(const ResultDocument& document, const Cells& cells, const Axis& axis) {
  std::map<std::uint64_t, std::string> value_of_size;
  return std::ranges::all_of(cells, [&](const CellResult* cell) {
    const Point& point = point_of(*cell, document);
    const std::string value = axis.get(point);
    return value_of_size.try_emplace(point.size_bytes, value).first->second == value;
  });
}

bool links_vary(const ResultDocument& document, const Cells& cells) {
  const Link& first = point_of(*cells.front(), document).link;
  return std::ranges::any_of(cells, [&](const CellResult* cell) { return !(point_of(*cell, document).link == first); });
}

std::string joined_axes(const std::vector<const Axis*>& axes, const Point& point) {
  std::vector<std::string> parts;
  for (const Axis* axis : axes) {
    const std::string_view placement = axis->name == "placement" ? words_of(point.placement) : "";
    parts.push_back(placement.empty() ? axis_text(*axis, point) : std::string(placement));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string size_label(std::uint64_t size_bytes) {
  return size_bytes < 1024 ? fmt::format("{} B", size_bytes) : format_size(size_bytes);
}

}  // namespace

std::vector<Section> ordered_sections(const ResultDocument& document) {
  std::vector<Section> sections = sections_of(document);
  std::erase_if(sections, [](const Section& section) {
    return std::ranges::none_of(section.cells, [](const CellResult* cell) { return has_figures(*cell); });
  });
  std::ranges::stable_sort(sections, {}, [](const Section& section) {
    return section.substrate == Substrate::simulated ? 2 : section.has_receiver ? 0 : 1;
  });
  return sections;
}

Layout layout_of(const ResultDocument& document, const Section& section) {
  Layout layout;
  std::vector<const Axis*> splitting, following;
  for (const Axis* axis : varying_axes(document, section.cells)) {
    if (axis->name == "size") {
      layout.over_sizes = true;
    } else {
      (follows_from_size(document, section.cells, *axis) ? following : splitting).push_back(axis);
    }
  }
  const bool by_link = links_vary(document, section.cells);
  for (const CellResult* cell : section.cells) {
    const Point& point = point_of(*cell, document);
    std::string title = joined_axes(splitting, point);
    if (by_link) title = fmt::format("on {}{}{}", point.link.text(), title.empty() ? "" : ", ", title);
    auto facet = std::ranges::find(layout.facets, title, &Facet::title);
    if (facet == layout.facets.end()) facet = layout.facets.insert(facet, {std::move(title), {}});
    facet->cells.push_back(cell);
    const std::string more = joined_axes(following, point);
    layout.size_labels[point.size_bytes] =
        fmt::format("{}{}{}", size_label(point.size_bytes), more.empty() ? "" : ", ", more);
  }
  return layout;
}

std::string series_name(const CellResult& cell, const Point& point) {
  const Variant& variant = cell.variant;
  std::string name = variant.label.empty() ? variant.id + bracketed(variant.options) : variant.label;
  const Link& link = link_of(cell, point);
  if (variant.label.empty() && !(link == point.link)) name += '@' + link.text();
  return name;
}

Styles::Styles(const ResultDocument& document, const Section& section) {
  for (const CellResult& cell : document.cells) add(cell, document);
  if (styles_.size() <= colour_count) return;
  styles_.clear();
  for (const CellResult* cell : section.cells) add(*cell, document);
}

void Styles::add(const CellResult& cell, const ResultDocument& document) {
  const auto next = static_cast<unsigned>(styles_.size()) % style_count;
  styles_.try_emplace(series_name(cell, point_of(cell, document)), next);
}

unsigned Styles::of(const std::string& series) const {
  const auto found = styles_.find(series);
  return found == styles_.end() ? 0 : found->second;
}

}  // namespace xover::html
