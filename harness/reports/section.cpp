// Sorting and comparing of cells by their points.
#include "harness/reports/section.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/reports/words.h"

namespace xover {

namespace {

bool means_something(const Axis& axis, const Point& point) {
  if (axis.name == "workload" || axis.name == "link") return false;  // the heading has them
  if (axis.name == "rate") return point.workload == Workload::paced;
  const bool of_files = axis.name == "mix" || axis.name == "cache" || axis.name == "directory";
  if (of_files) return point.workload == Workload::file;
  const bool of_memory = axis.name == "fields" || axis.name == "alignment" || axis.name == "memory";
  if (of_memory) return point.workload != Workload::file;
  if (axis.name == "late") return point.late_ns != 0;
  if (axis.name == "direction") return point.direction != Direction::to_peer;
  if (axis.name == "rx_queues") return point.rx_queues != RxQueues::any;
  return true;
}

}  // namespace

std::vector<Section> sections_of(const ResultDocument& document) {
  std::vector<Section> sections;
  for (const CellResult& cell : document.cells) {
    const Workload workload = point_of(cell, document).workload;
    auto found = std::find_if(sections.begin(), sections.end(), [&](const Section& section) {
      return section.workload == workload && section.substrate == cell.substrate &&
             section.has_receiver == cell.has_receiver;
    });
    if (found == sections.end()) {
      found = sections.insert(sections.end(), {workload, cell.substrate, cell.has_receiver, {}});
    }
    found->cells.push_back(&cell);
  }
  for (Section& section : sections) {
    std::stable_sort(section.cells.begin(), section.cells.end(),
                     [](const CellResult* a, const CellResult* b) { return a->point_index < b->point_index; });
  }
  return sections;
}

std::vector<const Axis*> varying_axes(const ResultDocument& document, const std::vector<const CellResult*>& cells) {
  std::vector<const Axis*> varying;
  for (const Axis& axis : axes()) {
    if (axis.name == "link" || axis.name == "workload" || cells.empty()) continue;
    const std::string first = axis.get(point_of(*cells.front(), document));
    const bool differs = std::any_of(cells.begin(), cells.end(), [&](const CellResult* cell) {
      return axis.get(point_of(*cell, document)) != first;
    });
    if (differs) varying.push_back(&axis);
  }
  return varying;
}

std::vector<const Axis*> varying_axes(const ResultDocument& document, Workload workload) {
  std::vector<const CellResult*> cells;
  for (const CellResult& cell : document.cells) {
    if (point_of(cell, document).workload == workload) cells.push_back(&cell);
  }
  return varying_axes(document, cells);
}

// Counts whose name is what is counted read better behind the number.
std::string axis_text(const Axis& axis, const Point& point) {
  const std::string value = axis.get(point);
  const bool counted = axis.name == "fields" || axis.name == "connections";
  if (counted) {
    std::string_view noun = axis.name;
    if (value == "1") noun.remove_suffix(1);
    return fmt::format("{} {}", value, noun);
  }
  std::string name(axis.name);
  std::replace(name.begin(), name.end(), '_', ' ');
  if (axis.name == "rate") return fmt::format("{} messages/s each", value);
  return fmt::format("{} {}", name, value);
}

std::string place_of(const CellResult& cell, const Point& point, const std::vector<const Axis*>& varying) {
  std::string text = "on " + link_of(cell, point).text();
  if (const std::string_view cores = words_of(point.placement); !cores.empty()) text += fmt::format(", {}", cores);
  for (const Axis* axis : varying) {
    if (axis->name == "size" || axis->name == "placement") continue;
    if (axis->name == "touch" && !cell.has_receiver) continue;  // nobody is there to touch anything
    text += ", " + axis_text(*axis, point);
  }
  return text;
}

std::string constant_axes_text(const Point& point, const std::vector<const Axis*>& varying) {
  std::string text;
  for (const Axis& axis : axes()) {
    if (!means_something(axis, point)) continue;
    if (std::find(varying.begin(), varying.end(), &axis) != varying.end()) continue;
    text += (text.empty() ? "" : ", ") + axis_text(axis, point);
  }
  return text;
}

}  // namespace xover
