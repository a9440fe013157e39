// What pinning costs: a path that lends memory looks up and holds every page of each message, and with pages of 2 MiB
// there is one to hold where there were 512. What is left of a copy does not change with that, so the difference is
// pinning.
//
// Small and huge pages are two points of a plan, whose rounds are not taken together, and the machine's speed may drift
// between them. So nothing is compared across the two but ratios: each path against a path of its own rounds, and that
// ratio with huge pages over the same ratio with small ones.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/compare.h"
#include "harness/analysis/evidence.h"
#include "harness/analysis/findings.h"

namespace xover {
namespace {

constexpr std::array<std::string_view, 3> pinning_each_send{"tcp.zerocopy", "udp.zerocopy", "uring.send_zc"};
constexpr std::string_view pinned_once = "uring.send_zc_fixed";

bool pins_each_send(const CellResult& cell) {
  return std::find(pinning_each_send.begin(), pinning_each_send.end(), cell.variant.id) != pinning_each_send.end();
}

// Two points that differ in the kind of page alone.
struct Twins {
  std::size_t small = 0, huge = 0;
};

std::vector<Twins> twins_of(const Plan& plan) {
  std::vector<Twins> twins;
  for (std::size_t small = 0; small < plan.points.size(); ++small) {
    Point point = plan.points[small].point;
    if (point.pages != PageKind::small) continue;
    point.pages = PageKind::huge;
    const auto huge = std::find_if(plan.points.begin(), plan.points.end(),
                                   [&](const PlannedPoint& planned) { return planned.point == point; });
    if (huge != plan.points.end()) twins.push_back({small, static_cast<std::size_t>(huge - plan.points.begin())});
  }
  return twins;
}

const CellResult* cell_at(const ResultDocument& document, std::size_t point_index, const Variant& variant) {
  const auto found = std::find_if(document.cells.begin(), document.cells.end(), [&](const CellResult& cell) {
    return cell.point_index == point_index && cell.variant == variant;
  });
  return found == document.cells.end() ? nullptr : &*found;
}

// One path and what it is held against, with both kinds of pages.
struct Quartet {
  CellPair small, huge;  // (what it is held against, the path)

  const CellResult& path() const { return *small.second; }
  const CellResult& other() const { return *small.first; }
};

// Absent where one of the four did not run.
std::optional<Quartet> quartet_of(const ResultDocument& document, std::size_t huge_point, const CellPair& small) {
  const CellResult* other = cell_at(document, huge_point, small.first->variant);
  const CellResult* path = cell_at(document, huge_point, small.second->variant);
  const auto ran = [](const CellResult* cell) { return cell != nullptr && cell->status == CellStatus::ok; };
  if (!ran(other) || !ran(path) || !comparable(*small.first, *other)) return std::nullopt;
  return Quartet{small, {other, path}};
}

// What huge pages do to the path beyond what they do to the other.
Estimate gain(const Quartet& quartet, Metric metric) {
  return unpaired_ratio(estimate(paired_ratios(quartet.huge, metric)), estimate(paired_ratios(quartet.small, metric)));
}

struct Row {
  Finding finding;
  Estimate gain;      // by what is moved: above 1 the claim holds
  std::string doubt;  // why it is not for this run to say, where it is not
};

std::string place(const ResultDocument& document, const CellResult& cell) {
  const Point& point = document.plan.points[cell.point_index].point;
  return fmt::format("{} at {}", cell.variant.name(), format_size(point.size_bytes));
}

// "moves 1.33 (1.28 to 1.38) times as much, for 0.75 (0.72 to 0.78) of the cycles per byte"
std::string both_metrics(const Quartet& quartet, const Estimate& moved) {
  std::string text =
      fmt::format("{} {} times as much", quartet.path().has_receiver ? "moves" : "hands over", words(moved.interval));
  const Estimate cycles = gain(quartet, Metric::cpu);
  if (cycles.rounds >= least_rounds_for_verdict)
    text += fmt::format(", for {} times the cycles per byte", words(cycles.interval));
  return text;
}

// Of the path that both are held against, whose own rounds of the two kinds are not paired.
std::string of_itself(const Quartet& quartet) {
  const bool received = quartet.other().has_receiver;
  const auto moved = [&](const CellResult& cell) { return received ? cell.goodput_gbps : cell.handed_over_gbps; };
  const auto itself = factor(moved(*quartet.huge.first), moved(*quartet.small.first));
  if (!itself) return {};
  return fmt::format("; {} itself {} times, unpaired", quartet.other().variant.name(), words(*itself));
}

Row spares_pinning(const ResultDocument& document, const Quartet& quartet) {
  Row row;
  row.gain = gain(quartet, Metric::goodput);
  row.finding.claim = fmt::format("{}: it pins each message, so huge pages bring it more than they bring {}",
                                  place(document, quartet.path()), quartet.other().variant.name());
  row.finding.source = "huge against small pages, beyond the copying path";
  row.finding.figure = both_metrics(quartet, row.gain) + of_itself(quartet);
  return row;
}

// How far the registered path is ahead with small and with huge pages: what closes was pinning. Where it was not ahead,
// or falls behind, something else is at work.
Row registering_saves_pinning(const ResultDocument& document, const Quartet& quartet) {
  const auto lead_of = [](const CellPair& pair) {
    return estimate(paired_ratios({pair.second, pair.first}, Metric::goodput)).interval;
  };
  const Interval small = lead_of(quartet.small), huge = lead_of(quartet.huge);
  const std::string registered = quartet.other().variant.name();
  Row row;
  row.gain = gain(quartet, Metric::goodput);
  row.finding.claim =
      fmt::format("{}: {} pins once, so huge pages shorten its lead", place(document, quartet.path()), registered);
  row.finding.source = "huge against small pages, beyond the registered path";
  row.finding.figure =
      fmt::format("the lead is {} times with small pages, {} times with huge ones; with these {} {}", words(small),
                  words(huge), quartet.path().variant.name(), both_metrics(quartet, row.gain));
  if (small.low <= 1) row.doubt = "no sure lead with small pages";
  if (huge.high < 1) row.doubt = fmt::format("{} falls behind, which pinning does not explain", registered);
  return row;
}

std::vector<Row> rows_of(const ResultDocument& document, const Twins& twins) {
  std::vector<Row> rows;
  for (const CellPair& pair : comparable_pairs(document, twins.small)) {
    const auto& [baseline, path] = pair;
    if (!same_link(*baseline, *path) || !pins_each_send(*path)) continue;
    const bool copies = !pins_each_send(*baseline) && baseline->variant.id != pinned_once;
    if (const auto quartet = quartet_of(document, twins.huge, pair); quartet && copies)
      rows.push_back(spares_pinning(document, *quartet));
    for (const CellResult& registered : document.cells) {
      if (registered.point_index != twins.small || registered.variant.id != pinned_once) continue;
      if (registered.status != CellStatus::ok || !same_link(registered, *path)) continue;
      if (const auto quartet = quartet_of(document, twins.huge, {&registered, path}))
        rows.push_back(registering_saves_pinning(document, *quartet));
    }
  }
  return rows;
}

// Holm over all rows of the run.
void judge(std::vector<Row>& rows) {
  std::vector<double> p_values;
  for (const Row& row : rows) p_values.push_back(row.gain.rounds < least_rounds_for_verdict ? 1 : row.gain.p_value);
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Interval& gain = rows[i].gain.interval;
    Finding& finding = rows[i].finding;
    finding.holds = "not here";
    if (rows[i].gain.rounds < least_rounds_for_verdict)
      finding.figure += fmt::format(" (too few rounds: a verdict takes {})", least_rounds_for_verdict);
    else if (adjusted[i] >= significance || (gain.low <= 1 && gain.high >= 1))
      finding.figure += " (not separable)";
    else if (!rows[i].doubt.empty())
      finding.figure += fmt::format(" ({})", rows[i].doubt);
    else
      finding.holds = gain.low > 1 ? "yes" : "no";
  }
}

// Cells of the huge points that did not run: without them there is nothing to say.
std::vector<Finding> missing(const ResultDocument& document, const std::vector<Twins>& all) {
  std::vector<Finding> findings;
  for (const Twins& twins : all) {
    for (const CellResult& cell : document.cells) {
      if (cell.point_index != twins.huge || cell.status == CellStatus::ok || !pins_each_send(cell)) continue;
      findings.push_back(
          {fmt::format("{}: huge pages bring it more than they bring a copying path", place(document, cell)),
           "huge against small pages", "not here", cell.reason});
    }
  }
  return findings;
}

}  // namespace

std::vector<Finding> page_pinning_findings(const ResultDocument& document) {
  const std::vector<Twins> all = twins_of(document.plan);
  std::vector<Row> rows;
  for (const Twins& twins : all) {
    std::vector<Row> more = rows_of(document, twins);
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  judge(rows);
  std::vector<Finding> findings;
  for (Row& row : rows) findings.push_back(std::move(row.finding));
  const std::vector<Finding> without = missing(document, all);
  findings.insert(findings.end(), without.begin(), without.end());
  return findings;
}

}  // namespace xover
