// Claims held against the plan, before anything is measured.
#include <algorithm>
#include <set>

#include <fmt/ranges.h>

#include "core/units.h"
#include "harness/analysis/assertion.h"
#include "harness/analysis/crossover.h"
#include "harness/experiment/bad_input.h"

namespace xover {

namespace {

tl::unexpected<Error> fail(const Assertion& assertion, std::size_t column, std::string_view problem,
                           std::string remedy) {
  return bad_input("--assert " + in_quotes(assertion.text), fmt::format("column {}: {}", column, problem),
                   std::move(remedy));
}

bool fits_any(const PlannedPoint& planned, const AssertedTransport& transport) {
  return std::ranges::any_of(planned.variants, [&](const Variant& variant) { return transport.fits(variant); });
}

Result<void> check_transport(const Assertion& assertion, const AssertedTransport& transport, const Plan& plan) {
  if (std::ranges::any_of(plan.points, [&](const PlannedPoint& planned) { return fits_any(planned, transport); }))
    return {};
  std::set<std::string> names;
  for (const PlannedPoint& planned : plan.points)
    for (const Variant& variant : planned.variants) names.insert({variant.name(), variant.id});
  return fail(assertion, transport.column, "this run has no " + in_quotes(transport.text),
              suggestion(transport.text, std::vector<std::string_view>(names.begin(), names.end())));
}

// A run that may add sizes may add any between its smallest and its largest.
bool may_add(const Plan& plan, std::uint64_t size_bytes) {
  if (plan.refine == 0) return false;
  const auto size = [](const PlannedPoint& planned) { return planned.point.size_bytes; };
  const auto [least, greatest] = std::ranges::minmax(plan.points, {}, size);
  return size(least) <= size_bytes && size_bytes <= size(greatest);
}

bool is_there(const Assertion& assertion, const PlannedPoint& planned, const Plan& plan) {
  return std::ranges::any_of(planned.variants, [&](const Variant& variant) {
    if (!assertion.subject.fits(variant)) return false;
    const Link& link = variant.link.name.empty() ? planned.point.link : variant.link;
    if (assertion.at(planned.point, link)) return true;
    Point added = planned.point;
    return std::ranges::any_of(assertion.sizes_bytes, [&](std::uint64_t size_bytes) {
      added.size_bytes = size_bytes;
      return may_add(plan, size_bytes) && assertion.at(added, link);
    });
  });
}

// Crossovers are sought against the first transport of a link, from three sizes on.
Result<void> check_crossover(const Assertion& assertion, const Plan& plan) {
  if (!assertion.sizes_bytes.empty())
    return fail(assertion, assertion.place_column, "a crossover is sought over all sizes",
                "name other axes only, for example connections=4");
  std::set<std::uint64_t> sizes;
  std::string first;
  for (const PlannedPoint& planned : plan.points) {
    for (const Variant& subject : planned.variants) {
      if (!assertion.subject.fits(subject)) continue;
      const auto baseline = std::ranges::find(planned.variants, subject.link, &Variant::link);
      if (assertion.baseline->fits(*baseline) && &*baseline != &subject) {
        sizes.insert(planned.point.size_bytes);
      } else {
        first = baseline->name();
      }
    }
  }
  if (sizes.empty())
    return fail(assertion, assertion.baseline->column,
                fmt::format("crossovers are sought against the first transport of a link, here {}", in_quotes(first)),
                "name that one, or put the other one first");
  if (sizes.size() >= least_sizes_for_crossover || plan.refine > 0) return {};
  return fail(assertion, assertion.subject.column,
              fmt::format("a crossover takes {} sizes, and this run has {}", least_sizes_for_crossover, sizes.size()),
              "give more, for example --sizes 4K,16K,64K,256K");
}

// "sizes are 4K, 64K; connections are 1, 4": of what the place names.
std::string places_of(const Assertion& assertion, const Plan& plan) {
  std::set<std::uint64_t> sizes;
  for (const PlannedPoint& planned : plan.points) sizes.insert(planned.point.size_bytes);
  std::vector<std::string> texts, parts;
  for (const std::uint64_t size_bytes : sizes) texts.push_back(format_size(size_bytes));
  if (!assertion.sizes_bytes.empty()) parts.push_back(fmt::format("its sizes are {}", fmt::join(texts, ", ")));
  for (const Assertion::AxisValue& wanted : assertion.axes) {
    if (wanted.axis->name == "link") continue;
    std::set<std::string> values;
    for (const PlannedPoint& planned : plan.points) values.insert(wanted.axis->get(planned.point));
    parts.push_back(fmt::format("its {}: {}", wanted.axis->name, fmt::join(values, ", ")));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

Result<void> check_assertion(const Assertion& assertion, const Plan& plan) {
  if (auto checked = check_transport(assertion, assertion.subject, plan); !checked) return checked;
  if (assertion.baseline)
    if (auto checked = check_transport(assertion, *assertion.baseline, plan); !checked) return checked;
  const auto has_both = [&](const PlannedPoint& planned) {
    return std::ranges::any_of(planned.variants, [&](const Variant& variant) {
      if (!assertion.subject.fits(variant)) return false;
      return !assertion.baseline || std::ranges::any_of(planned.variants, [&](const Variant& other) {
        return &other != &variant && assertion.baseline->fits(other);
      });
    });
  };
  if (std::ranges::none_of(plan.points, has_both))
    return fail(assertion, assertion.baseline->column, "this run has both transports, but never at the same point",
                "name two that run at the same sizes");
  if (assertion.crossover)
    if (auto checked = check_crossover(assertion, plan); !checked) return checked;
  if (std::ranges::any_of(plan.points, [&](const PlannedPoint& planned) {
        return has_both(planned) && is_there(assertion, planned, plan);
      }))
    return {};
  return fail(assertion, assertion.place_column, "this run has no such place", places_of(assertion, plan));
}

}  // namespace xover
