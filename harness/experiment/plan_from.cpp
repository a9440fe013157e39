// The product of axes and transports, and the checks on each combination.
#include "harness/experiment/plan_from.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/experiment/axes.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/feasible.h"
#include "harness/experiment/settings.h"
#include "harness/experiment/size_grid.h"
#include "harness/experiment/variants_at.h"

namespace xover {

namespace {

Result<void> apply_settings(Plan& plan, const PlanText& text) {
  for (const auto& [name, value] : text.settings) {
    if (auto set = find_setting(name)->set(plan, value.text); !set) {
      return at(fmt::format("{}: {}", value.place, name), std::move(set.error()));
    }
  }
  if (plan.max_rounds < plan.rounds) {
    const auto last = std::find_if(text.settings.rbegin(), text.settings.rend(),
                                   [](const auto& setting) { return setting.first == "max_rounds"; });
    return bad_input(last->second.place, fmt::format("max_rounds {} is below rounds {}", plan.max_rounds, plan.rounds));
  }
  plan.restarts = std::min(plan.restarts, plan.rounds);
  return {};
}

// Grids of sizes, written out.
Result<std::vector<Placed>> written_out(const Axis& axis, const std::vector<Placed>& values) {
  std::vector<Placed> all;
  for (const Placed& value : values) {
    if (axis.kind != FieldKind::size || !is_size_grid(value.text)) {
      all.push_back(value);
      continue;
    }
    auto sizes = parse_sizes(value.text, static_cast<std::uint64_t>(axis.greatest));
    if (!sizes) return at(fmt::format("{}: {}", value.place, axis.name), std::move(sizes.error()));
    for (const std::uint64_t size_bytes : *sizes) all.push_back({std::to_string(size_bytes), value.place});
  }
  return all;
}

// One axis at a time: every point so far, with each of the axis's values.
Result<std::vector<Point>> multiply(const std::vector<Point>& points, const Axis& axis,
                                    const std::vector<Placed>& written) {
  const auto expanded = written_out(axis, written);
  if (!expanded) return tl::make_unexpected(expanded.error());
  const std::vector<Placed>& values = *expanded;
  if (values.size() > most_points / points.size()) {
    return bad_input(values.front().place, fmt::format("more than {} points", most_points), "shorten the lists");
  }
  std::set<std::string> seen;
  for (const Placed& value : values) {
    Point scratch;
    if (auto set = axis.set(scratch, value.text); !set) {
      return at(fmt::format("{}: {}", value.place, axis.name), std::move(set.error()));
    }
    if (!seen.insert(axis.get(scratch)).second) {
      return bad_input(value.place, fmt::format("{} {} is there twice", axis.name, axis.get(scratch)));
    }
  }
  std::vector<Point> product;
  product.reserve(points.size() * values.size());
  for (const Point& point : points) {
    for (const Placed& value : values) axis.set(product.emplace_back(point), value.text);
  }
  return product;
}

Result<std::vector<Point>> points_of(const ExperimentText& experiment) {
  std::vector<const Axis*> order;
  for (const Axis& axis : axes()) order.push_back(&axis);
  std::stable_partition(order.begin(), order.end(), [](const Axis* axis) { return axis->name != "size"; });
  std::vector<Point> points{Point{}};
  for (const Axis* axis : order) {
    const auto values = experiment.axes.find(axis->name);
    if (values == experiment.axes.end()) continue;
    auto product = multiply(points, *axis, values->second);
    if (!product) return product;
    points = std::move(*product);
  }
  return points;
}

// Whether an earlier experiment has this point: those of one experiment differ anyway.
bool is_there(std::span<const PlannedPoint> earlier, const PlannedPoint& planned) {
  return std::any_of(earlier.begin(), earlier.end(), [&](const PlannedPoint& other) {
    return other.point == planned.point && other.variants == planned.variants;
  });
}

Result<void> add_points(Plan& plan, const ExperimentText& experiment, const std::vector<Point>& points,
                        const std::vector<PlacedVariant>& variants) {
  const std::size_t earlier = plan.points.size();
  for (const Point& point : points) {
    auto resolved = variants_at(point, {experiment.axes.contains("link"), !plan.peer.empty()}, variants);
    if (!resolved) return tl::make_unexpected(std::move(resolved.error()));
    PlannedPoint planned{point, std::move(*resolved)};
    if (auto possible = check_feasible(planned, experiment, !plan.peer.empty()); !possible) return possible;
    if (!is_there(std::span(plan.points).first(earlier), planned)) plan.points.push_back(std::move(planned));
  }
  return check_cards(plan.points, experiment);
}

Result<void> add_experiment(Plan& plan, const ExperimentText& experiment) {
  if (experiment.transports.empty()) {
    return bad_input(experiment.place, "no transports", "name some, for example tcp.send,tcp.sendmsg");
  }
  const auto variants = parse_variants(experiment.transports);
  if (!variants) return tl::make_unexpected(variants.error());
  const auto points = points_of(experiment);
  if (!points) return tl::make_unexpected(points.error());
  if (points->size() > most_points - plan.points.size()) {
    return bad_input(experiment.place, fmt::format("more than {} points", most_points), "shorten the lists");
  }
  if (points->size() * variants->size() > most_cells) {
    return bad_input(experiment.place, fmt::format("more than {} cells", most_cells), "shorten the lists");
  }
  return add_points(plan, experiment, *points, *variants);
}

}  // namespace

Result<Plan> make_plan(const PlanText& text) {
  Plan plan;
  plan.name = text.name;
  if (auto applied = apply_settings(plan, text); !applied) return tl::make_unexpected(std::move(applied.error()));
  if (text.experiments.empty()) return bad_input(text.name, "nothing to measure", "name transports");
  for (const ExperimentText& experiment : text.experiments) {
    if (auto added = add_experiment(plan, experiment); !added) return tl::make_unexpected(std::move(added.error()));
  }
  return plan;
}

}  // namespace xover
