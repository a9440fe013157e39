// Matching of cells, and what differs beside their figures.
#include "harness/analysis/diff.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/analysis/figures.h"
#include "harness/analysis/machine_speed.h"
#include "harness/experiment/axes.h"
#include "harness/experiment/settings.h"

namespace xover {

namespace {

using Facts = std::map<std::string, std::string>;

// What must be the same of two cells that match.
std::string key_of(const CellResult& cell, const ResultDocument& document) {
  const Point& point = document.plan.points[cell.point_index].point;
  const Link& link = cell.variant.link.name.empty() ? point.link : cell.variant.link;
  std::string key = fmt::format("{}\n{}\n{}", cell.variant.name(), link.text(), to_string(cell.substrate));
  for (const Axis& axis : axes()) {
    // The link stands there as the cell had it; where the files were made matters little, and differs between users.
    if (axis.name != "link" && axis.name != "directory") key += '\n' + axis.get(point);
  }
  return key;
}

std::map<std::string, const CellResult*> cells_by_key(const ResultDocument& document) {
  std::map<std::string, const CellResult*> cells;
  for (const CellResult& cell : document.cells)
    if (cell.status == CellStatus::ok) cells.emplace(key_of(cell, document), &cell);
  return cells;
}

std::vector<ChangedFact> changed(const Facts& a, const Facts& b, const std::string& prefix = {}) {
  std::set<std::string> names;
  for (const auto& [name, value] : a) names.insert(name);
  for (const auto& [name, value] : b) names.insert(name);
  const auto value_in = [](const Facts& facts, const std::string& name) {
    const auto found = facts.find(name);
    return found == facts.end() ? std::string{} : found->second;
  };
  std::vector<ChangedFact> result;
  for (const std::string& name : names) {
    const std::string in_a = value_in(a, name), in_b = value_in(b, name);
    if (in_a != in_b) result.push_back({prefix + name, in_a, in_b});
  }
  return result;
}

// A rate that was measured comes out a little different each time.
bool nearly_equal(const std::string& a, const std::string& b) {
  constexpr double tolerance = 0.005;
  const double of_a = std::strtod(a.c_str(), nullptr), of_b = std::strtod(b.c_str(), nullptr);
  return of_a > 0 && of_b > 0 && std::fabs(of_a / of_b - 1) < tolerance;
}

std::vector<ChangedFact> changed_environment(const Facts& a, const Facts& b) {
  std::vector<ChangedFact> result = changed(a, b);
  std::erase_if(result, [](const ChangedFact& fact) {
    return fact.name == "tick_rate_ghz" && nearly_equal(fact.in_a, fact.in_b);
  });
  return result;
}

std::vector<ChangedFact> changed_settings(const Plan& a, const Plan& b) {
  constexpr std::array<std::string_view, 5> measured_by{"duration", "warmup", "gate", "soakers", "kernel_symbols"};
  std::vector<ChangedFact> result;
  for (const std::string_view name : measured_by) {
    const Setting& setting = *find_setting(name);
    if (setting.get(a) != setting.get(b)) result.push_back({std::string(name), setting.get(a), setting.get(b)});
  }
  return result;
}

std::string cores_text(const std::vector<unsigned>& cores) { return fmt::format("{}", fmt::join(cores, " ")); }

Facts facts_of(const CellResult& cell) {
  Facts facts = cell.link_facts;
  facts["variant"] = cell.variant.text();
  facts["form"] = cell.form;
  facts["sender_cores"] = cores_text(cell.sender_cores);
  facts["receiver_cores"] = cores_text(cell.receiver_cores);
  if (cell.rounds.empty()) return facts;
  const auto add = [&](const char* side, const SideReport& report) {
    // The kernel sizes buffers as it goes: how large they became is an outcome.
    for (const auto& [name, value] : report.facts)
      if (!name.ends_with("_buffer_bytes")) facts[fmt::format("{} {}", side, name)] = value;
  };
  add("sender", cell.rounds.front().sample.sender);
  add("receiver", cell.rounds.front().sample.receiver);
  return facts;
}

void add_changed_cell(std::vector<ChangedFact>& all, const CellResult& a, const CellResult& b) {
  for (ChangedFact& fact : changed(facts_of(a), facts_of(b), a.variant.name() + ": "))
    if (std::find(all.begin(), all.end(), fact) == all.end()) all.push_back(std::move(fact));
}

CpuSource source_of(const CellResult& cell) {
  return cell.rounds.empty() ? CpuSource::cpu_time : cycle_source(cell, cell.rounds.front().sample);
}

// Cycles counted in two ways are two quantities.
bool same_quantity(Metric metric, const CellResult& a, const CellResult& b) {
  return metric != Metric::cpu || source_of(a) == source_of(b);
}

DiffSide side_of(const RestartFigures& figures) {
  return {std::exp(figures.centre()), figures.rounds, static_cast<std::uint32_t>(figures.logs.size())};
}

RestartFigures figures_of(const CellResult& cell, Metric metric) {
  return restart_figures(observations(
      cell, [&](const CellResult& of, const Sample& sample) { return metric_figure(metric, of, sample); }));
}

bool tells_its_speed(const RoundRecord& round) { return round.accepted && round.speed && round.speed->is_known(); }

// The accepted rounds that have such a figure; such that more is faster.
std::vector<SpeedRound> speed_rounds(const CellResult& cell, Metric metric) {
  std::vector<SpeedRound> rounds;
  for (const RoundRecord& round : cell.rounds) {
    const auto figure = metric_figure(metric, cell, round.sample);
    if (!figure || !tells_its_speed(round)) continue;
    rounds.push_back({{round.restart, larger_is_better(metric) ? *figure : 1 / *figure}, *round.speed});
  }
  return rounds;
}

// The pair as it would have been at one speed; as it is, where any round does not tell its own.
FigurePair at_one_speed(FigurePair pair, const CellResult& a, const CellResult& b) {
  const auto of_a = speed_rounds(a, pair.metric), of_b = speed_rounds(b, pair.metric);
  if (of_a.empty() || of_a.size() != pair.a.rounds || of_b.empty() || of_b.size() != pair.b.rounds) return pair;
  const SpeedSlope slope = speed_slope(of_a, of_b);
  const double from = log_speed(of_a), to = log_speed(of_b), middle = (from + to) / 2;
  pair.a = restart_figures(at_one_speed(of_a, slope.value, middle));
  pair.b = restart_figures(at_one_speed(of_b, slope.value, middle));
  if (!larger_is_better(pair.metric)) {
    for (RestartFigures* figures : {&pair.a, &pair.b})
      for (double& log : figures->logs) log = -log;
  }
  pair.speed_variance = (to - from) * (to - from) * slope.variance;
  return pair;
}

// Over all accepted rounds that have one.
std::optional<double> log_speed_of_run(const ResultDocument& document) {
  std::vector<SpeedRound> rounds;
  for (const CellResult& cell : document.cells)
    for (const RoundRecord& round : cell.rounds)
      if (tells_its_speed(round)) rounds.push_back({{round.restart, 1}, *round.speed});
  if (rounds.empty()) return std::nullopt;
  return log_speed(rounds);
}

class Matching {
 public:
  Matching(const ResultDocument& a, const ResultDocument& b, bool at_one_speed)
      : document_a_(a), document_b_(b), at_one_speed_(at_one_speed) {}

  Diff diff(double least_percent) {
    diff_.environment = changed_environment(document_a_.environment.facts, document_b_.environment.facts);
    diff_.settings = changed_settings(document_a_.plan, document_b_.plan);
    compare_speeds();
    auto partners = cells_by_key(document_b_);
    for (const CellResult& cell : document_a_.cells) {
      if (cell.status != CellStatus::ok) continue;
      const auto partner = partners.find(key_of(cell, document_a_));
      if (partner == partners.end()) {
        diff_.only_in_a.push_back(&cell);
        continue;
      }
      add(cell, *partner->second);
      partners.erase(partner);
    }
    for (const CellResult& cell : document_b_.cells) {
      const bool alone = std::ranges::any_of(partners, [&](const auto& partner) { return partner.second == &cell; });
      if (alone) diff_.only_in_b.push_back(&cell);
    }
    const std::vector<FigureDifference> judged = judge(pairs_, least_percent);
    for (std::size_t i = 0; i < judged.size(); ++i) static_cast<FigureDifference&>(diff_.differences[i]) = judged[i];
    return std::move(diff_);
  }

 private:
  void compare_speeds() {
    const auto of_a = log_speed_of_run(document_a_), of_b = log_speed_of_run(document_b_);
    if (at_one_speed_ && diff_.environment.empty() && of_a && of_b) diff_.speed_ratio = std::exp(*of_b - *of_a);
  }

  void add(const CellResult& a, const CellResult& b) {
    add_changed_cell(diff_.cells, a, b);
    for (const Metric metric : metrics_of(document_a_.plan.points[a.point_index].point.workload)) {
      FigurePair pair{figures_of(a, metric), figures_of(b, metric), metric, a.virtual_time(), 0};
      if (pair.a.logs.empty() || pair.b.logs.empty()) continue;
      if (!same_quantity(metric, a, b)) {
        if (std::ranges::find(diff_.two_sources, a.variant.name()) == diff_.two_sources.end())
          diff_.two_sources.push_back(a.variant.name());
        continue;
      }
      diff_.differences.push_back({{}, &a, &b, metric, side_of(pair.a), side_of(pair.b)});
      pairs_.push_back(diff_.speed_ratio ? at_one_speed(std::move(pair), a, b) : std::move(pair));
    }
  }

  const ResultDocument &document_a_, &document_b_;
  const bool at_one_speed_;
  Diff diff_;
  std::vector<FigurePair> pairs_;  // of diff_.differences
};

}  // namespace

bool CellDifference::b_is_better() const { return (ratio.median > 1) == larger_is_better(metric); }

Diff diff(const ResultDocument& a, const ResultDocument& b, double least_percent, bool at_one_speed) {
  return Matching(a, b, at_one_speed).diff(least_percent);
}

}  // namespace xover
