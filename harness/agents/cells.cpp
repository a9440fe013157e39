// Cells, series and their order.
#include "harness/agents/cells.h"

#include <algorithm>
#include <utility>

#include "harness/experiment/variants_at.h"
#include "harness/links/links.h"
#include "harness/measurement/lab_guest.h"
#include "harness/placement/placement.h"
#include "harness/workloads/end.h"

namespace xover {

namespace {

// Of a sample beside its phases: opening, connecting, the common starts, closing; and of a connection. By no more than
// experience: the first rounds put it right.
constexpr std::int64_t sample_ns = 55'000'000, connection_ns = 4'000'000;
constexpr std::int64_t gate_ns = 35'000'000;

void place_cell(CellResult& cell, const Point& point, bool between_two_hosts) {
  if (const LinkDescriptor* link = find_link(cell.variant.link.name)) {
    cell.substrate = substrate_here(link->substrate);
    cell.copies_after = link->copies_after;
    cell.has_receiver = link->has_receiver;
  }
  if (cell.virtual_time()) {
    cell.form = "one thread";
    return;  // whose core decides nothing
  }
  if (between_two_hosts && leads_to_peer(cell.variant.link)) {
    cell.form = "two hosts";
    return;  // placed when both have told of themselves: see two_hosts.h
  }
  cell.form = needs_one_process(cell.variant) ? "one process" : "two processes";
  const unsigned senders = shape_of_side(point, Role::sender).ends;
  auto map = place(point.placement, point.connections, point.wait, cell.has_receiver ? 2 : 1, senders);
  if (!map) {
    cell.status = CellStatus::skipped;
    cell.reason = map.error().message();
    cell.remedy = map.error().remedy;
    return;
  }
  cell.sender_cores = map->sender_cores;
  if (cell.has_receiver) cell.receiver_cores = map->receiver_cores;
  if (map->oversubscribed) cell.warnings.push_back({WarningKind::oversubscribed, map->summary});
}

bool same_series(const PlannedPoint& one, const PlannedPoint& other) {
  Point at_its_size = one.point;
  at_its_size.size_bytes = other.point.size_bytes;
  return at_its_size == other.point && one.variants == other.variants;
}

CellResult unmeasured(CellResult cell) {
  cell.rounds.clear();
  if (cell.status != CellStatus::failed) return cell;
  cell.status = CellStatus::ok;
  cell.reason.clear();
  cell.remedy.clear();
  return cell;
}

}  // namespace

Substrate substrate_here(Substrate substrate) {
  static const bool in_guest = lab_guest().has_value();
  return in_guest ? substrate_in_lab_guest(substrate) : substrate;
}

void lay_out_cells(ResultDocument& document, bool between_two_hosts) {
  for (std::size_t index = 0; index < document.plan.points.size(); ++index) {
    for (const Variant& variant : document.plan.points[index].variants) {
      CellResult cell;
      cell.point_index = index;
      cell.variant = variant;
      place_cell(cell, document.plan.points[index].point, between_two_hosts);
      document.cells.push_back(std::move(cell));
    }
  }
}

std::span<CellResult> cells_of_point(ResultDocument& document, std::size_t point_index) {
  const auto [first, last] = std::ranges::equal_range(document.cells, point_index, {}, &CellResult::point_index);
  return {first, last};
}

std::span<const CellResult> cells_of_point(const ResultDocument& document, std::size_t point_index) {
  const auto [first, last] = std::ranges::equal_range(document.cells, point_index, {}, &CellResult::point_index);
  return {first, last};
}

std::vector<std::size_t> series_of_points(const Plan& plan) {
  std::vector<std::size_t> series, firsts;
  for (const PlannedPoint& planned : plan.points) {
    const auto found =
        std::ranges::find_if(firsts, [&](std::size_t first) { return same_series(plan.points[first], planned); });
    series.push_back(static_cast<std::size_t>(found - firsts.begin()));
    if (found == firsts.end()) firsts.push_back(series.size() - 1);
  }
  return series;
}

std::size_t add_point(ResultDocument& document, std::size_t like_point, std::uint64_t size_bytes) {
  const std::size_t index = document.plan.points.size();
  document.plan.points.push_back(PlannedPoint(document.plan.points[like_point]));
  document.plan.points.back().point.size_bytes = size_bytes;
  std::vector<CellResult> cells;
  for (const CellResult& cell : cells_of_point(std::as_const(document), like_point)) {
    cells.push_back(unmeasured(cell));
    cells.back().point_index = index;
  }
  std::ranges::move(cells, std::back_inserter(document.cells));
  return index;
}

void put_in_order(ResultDocument& document, std::size_t planned) {
  std::vector<PlannedPoint>& points = document.plan.points;
  std::vector<std::size_t> order;  // old indices
  for (std::size_t index = 0; index < points.size(); ++index) {
    auto behind = order.end();
    for (auto other = order.begin(); index >= planned && other != order.end(); ++other)
      if (same_series(points[*other], points[index]) &&
          points[*other].point.size_bytes < points[index].point.size_bytes)
        behind = other + 1;
    order.insert(behind, index);
  }
  std::vector<std::size_t> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  std::vector<PlannedPoint> ordered;
  for (const std::size_t index : order) ordered.push_back(std::move(points[index]));
  points = std::move(ordered);
  for (CellResult& cell : document.cells) cell.point_index = place[cell.point_index];
  std::ranges::stable_sort(document.cells, {}, &CellResult::point_index);
}

std::int64_t guess_of_round_ns(const ResultDocument& document, std::size_t point_index) {
  const Plan& plan = document.plan;
  const std::int64_t each_ns =
      plan.warmup_ns + plan.duration_ns + sample_ns + connection_ns * plan.points[point_index].point.connections;
  const auto cells = cells_of_point(document, point_index);
  const auto running =
      std::ranges::count_if(cells, [](const CellResult& cell) { return cell.status == CellStatus::ok; });
  return running * each_ns + (plan.gate ? gate_ns : 0);
}

}  // namespace xover
