// A sweep, what moves its answer, and fresh rounds.
#include "harness/agents/find_threshold.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/units.h"
#include "harness/analysis/crossover.h"
#include "harness/analysis/figures.h"

namespace xover {

namespace {

constexpr std::uint64_t least_checked_bytes = 64, most_checked_bytes = 64 << 20;
constexpr std::int64_t least_overhead_ns = 30'000'000;
constexpr std::int64_t least_part_ns = 1'500'000'000;  // less is not worth starting agents for

// Tells of a part of the budget as of the whole.
class PartObserver : public RunObserver {
 public:
  // Behind this part others take what is left of the budget, if `until_ns` is given.
  PartObserver(RunObserver& whole, std::string part, std::int64_t before_ns, std::optional<std::int64_t> until_ns)
      : whole_(whole), part_(std::move(part)), before_ns_(before_ns), until_ns_(until_ns) {}

  void progress(const RunProgress& progress) override {
    RunProgress all = progress;
    all.elapsed_ns += before_ns_;
    if (until_ns_) all.remaining_ns = std::max<std::int64_t>(*until_ns_ - all.elapsed_ns, 0);
    all.doing = part_ + ": " + progress.doing;
    whole_.progress(all);
  }
  void note(const std::string& line) override { whole_.note(part_ + ": " + line); }
  // What the budget does not hold is told at the end, as not measured.
  void outlook(const std::string&) override {}
  bool stop_requested() override { return whole_.stop_requested(); }

 private:
  RunObserver& whole_;
  std::string part_;
  std::int64_t before_ns_;
  std::optional<std::int64_t> until_ns_;
};

// Over all cells of a variant that has such a cache, both sides.
std::optional<double> hit_rate_of(const ResultDocument& document) {
  std::uint64_t hits = 0, lookups = 0;
  for (const CellResult& cell : document.cells) {
    for (const RoundRecord& round : cell.rounds) {
      for (const SideReport* side : {&round.sample.sender, &round.sample.receiver}) {
        const auto count = [&](const char* name) {
          const auto found = side->counters.find(name);
          return found == side->counters.end() ? std::uint64_t{0} : found->second;
        };
        hits += count("registration_hits");
        lookups += count("registration_hits") + count("registration_misses");
      }
    }
  }
  if (lookups == 0) return std::nullopt;
  return static_cast<double>(hits) / static_cast<double>(lookups);
}

// Rounds that count, of all points.
std::int64_t accepted_rounds(const ResultDocument& document) {
  std::int64_t cells_taken = 0, cells_of_a_round = 1;
  for (const CellResult& cell : document.cells)
    cells_taken += std::ranges::count_if(cell.rounds, [](const RoundRecord& round) { return round.accepted; });
  for (const PlannedPoint& planned : document.plan.points)
    cells_of_a_round = std::max(cells_of_a_round, std::ssize(planned.variants));
  return cells_taken / cells_of_a_round;
}

// Half and double of it; where nothing is ever sent without a copy, the largest sizes that were tested.
ChosenThreshold chosen_by(const ThresholdAdvice& advice) {
  ChosenThreshold chosen{advice.connections, advice.threshold_bytes, {}};
  const std::uint64_t largest = advice.sizes_tested.back();
  const std::uint64_t middle = advice.threshold_bytes == never_bytes ? largest / 2 : advice.threshold_bytes;
  for (const std::uint64_t size : {middle / 2, middle, middle * 2}) {
    const std::uint64_t within = std::clamp(size, least_checked_bytes, std::max(largest, most_checked_bytes));
    if (std::ranges::count(chosen.sizes, within) == 0) chosen.sizes.push_back(within);
  }
  return chosen;
}

// What fresh rounds say about the sizes that the crossovers of a sweep chose, as far as they were taken there.
void confirm(ResultDocument& sweep, const ResultDocument& fresh) {
  const std::vector<RatioSeries> all = ratio_series(fresh);
  for (Crossover& crossover : sweep.crossovers) {
    if (crossover.verdict != CrossoverVerdict::at || crossover.virtual_time) continue;
    const Point& point = sweep.plan.points[crossover.point_index].point;
    for (const RatioSeries& series : all) {
      const bool same = series.metric == crossover.metric && series.candidate->variant.name() == crossover.candidate &&
                        fresh.plan.points[series.point_index].point.connections == point.connections;
      const auto at =
          std::ranges::find(series.sizes, rounded_size(crossover.size_bytes.median), &SizedRatios::size_bytes);
      if (same && at != series.sizes.end()) crossover.confirmation = confirmation_of(*at);
    }
  }
}

class Search {
 public:
  Search(const ThresholdQuestion& question, const Plan& plan, RunObserver& observer, RemoteHost* far)
      : question_(question), plan_(plan), observer_(observer), far_(far), began_ns_(monotonic_now_ns()) {
    found_.budget_ns = question.budget_ns;
    found_.copy = plan.points.front().variants[0];
    found_.zerocopy = plan.points.front().variants[1];
  }

  ThresholdFound find() {
    found_.sweep = take("sweep", plan_, Behind::more);
    found_.advice = advise(found_.sweep);
    found_.hit_rate = hit_rate_of(found_.sweep);
    round_ns_ = elapsed_ns() / std::max<std::int64_t>(accepted_rounds(found_.sweep), 1);
    if (plan_.max_rounds > 1)
      question_.sample_overhead_ns = std::max(round_ns_ / 2 - plan_.duration_ns, least_overhead_ns);
    const auto chief = found_.by(found_.chief_metric());
    if (!chief.empty() && found_.sweep.complete) {
      try_conditions(*chief.front());
      check(chief);
    }
    found_.not_measured.push_back({"messages of mixed sizes",
                                   "each size was measured by itself; what a mix of the sizes tested loses at worst "
                                   "stands with each threshold"});
    found_.elapsed_ns = elapsed_ns();
    return std::move(found_);
  }

 private:
  std::int64_t elapsed_ns() const { return monotonic_now_ns() - began_ns_; }
  std::int64_t left_ns() const { return question_.budget_ns - elapsed_ns(); }
  std::int64_t share_ns(double share) const {
    return static_cast<std::int64_t>(share * static_cast<double>(question_.budget_ns));
  }

  enum class Behind : bool { nothing, more };

  // An exact model needs no more time than it takes, whatever the budget.
  ResultDocument take(const std::string& part, const Plan& plan, Behind behind) {
    const bool all_of_it = behind == Behind::more && plan_.max_rounds > 1;
    PartObserver observer(observer_, part, elapsed_ns(), all_of_it ? std::optional(question_.budget_ns) : std::nullopt);
    ResultDocument document = run_experiment(plan, observer, far_);
    found_.broken_off |= !document.complete;
    return document;
  }

  bool broken_off() {
    found_.broken_off |= observer_.stop_requested();
    return found_.broken_off;
  }

  void leave_out(std::string_view what, std::string why) { found_.not_measured.push_back({std::string(what), why}); }

  // Of six rounds, or the one that an exact model needs, at so many sizes, with samples as short as can be.
  std::int64_t needed_ns(std::size_t sizes) const {
    if (plan_.max_rounds == 1) return static_cast<std::int64_t>(sizes) * round_ns_;
    const std::int64_t shortest_ns = 2 * (question_.sample_overhead_ns + least_duration_ns);
    return static_cast<std::int64_t>(sizes * least_rounds_for_verdict) * shortest_ns;
  }

  // Each has its part of what the conditions may take, less what was taken before its turn.
  void try_conditions(const ThresholdAdvice& advice) {
    const auto all = conditions();
    const std::int64_t until_ns = std::max(elapsed_ns(), share_ns(sweep_share)) + share_ns(conditions_share);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::int64_t part_ns = (until_ns - elapsed_ns()) / static_cast<std::int64_t>(all.size() - i);
      const auto plan = condition_plan(question_, all[i], advice.threshold_bytes, part_ns);
      if (!plan) {
        leave_out(all[i].name, plan.error().context);
      } else if (broken_off()) {
        leave_out(all[i].name, "broken off before it");
      } else if (part_ns < std::max(least_part_ns, needed_ns(3))) {
        leave_out(all[i].name, "the budget has no time for it");
      } else {
        try_condition(all[i], *plan);
      }
    }
  }

  void try_condition(const Condition& condition, const Plan& plan) {
    const ResultDocument document = take(std::string(condition.name), plan, Behind::more);
    const auto advice = advise(document);
    const auto chief = std::ranges::find(advice, found_.chief_metric(), &ThresholdAdvice::metric);
    if (chief == advice.end()) {
      leave_out(condition.name, document.cells.empty() ? "nothing ran" : document.cells.back().reason);
    } else if (document.crossovers.empty()) {
      leave_out(condition.name, found_.broken_off ? "broken off"
                                                  : fmt::format("{} are not enough for six rounds at three sizes",
                                                                format_duration(plan.budget_ns)));
    } else {
      found_.under.push_back({std::string(condition.name), *chief, hit_rate_of(document)});
    }
  }

  void check(const std::vector<const ThresholdAdvice*>& chief) {
    std::vector<ChosenThreshold> chosen;
    std::size_t sizes = 0;
    for (const ThresholdAdvice* advice : chief) {
      chosen.push_back(chosen_by(*advice));
      sizes += chosen.back().sizes.size();
      // Half as much again, for the transport that decides.
      if (chosen.size() == 1 || needed_ns(sizes) * 3 / 2 <= left_ns()) continue;
      chosen.pop_back();
      break;
    }
    const auto plan = fresh_plan(question_, found_.copy, found_.zerocopy, chosen, std::max(left_ns(), least_part_ns));
    if (!plan) return leave_out("fresh rounds at the thresholds", plan.error().message());
    if (broken_off()) return leave_out("fresh rounds at the thresholds", "broken off before them");
    if (left_ns() < least_part_ns)
      return leave_out("fresh rounds at the thresholds", "the budget has no time for them");
    found_.fresh = take("fresh rounds", *plan, Behind::nothing);
    confirm(found_.sweep, found_.fresh);
    const std::vector<Variant>& variants = plan->points.front().variants;
    const std::string automatic = variants.size() > 2 ? variants[2].name() : std::string{};
    for (const ThresholdAdvice* advice : chief) {
      found_.checks.push_back(
          check_threshold(found_.fresh, *advice, found_.copy.name(), found_.zerocopy.name(), automatic));
      if (found_.checks.back().held == Held::unmeasured)
        leave_out(
            fmt::format("fresh rounds with {} connection{}", advice->connections, advice->connections == 1 ? "" : "s"),
            "the budget had no time for six of them");
    }
  }

  ThresholdQuestion question_;
  const Plan& plan_;
  RunObserver& observer_;
  RemoteHost* const far_;
  MonotonicNs began_ns_;
  std::int64_t round_ns_ = 0;  // that counts, in the sweep
  ThresholdFound found_;
};

}  // namespace

Metric ThresholdFound::chief_metric() const { return metrics_of(sweep.plan.points.front().point.workload).front(); }

std::vector<const ThresholdAdvice*> ThresholdFound::by(Metric metric) const {
  std::vector<const ThresholdAdvice*> list;
  for (const ThresholdAdvice& one : advice)
    if (one.metric == metric) list.push_back(&one);
  return list;
}

ThresholdFound find_threshold(const ThresholdQuestion& question, const Plan& plan, RunObserver& observer,
                              RemoteHost* far) {
  return Search(question, plan, observer, far).find();
}

}  // namespace xover
