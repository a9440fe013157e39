// The order of a run: whose turn it is, under which start of the agents, and when it is enough. Pure: it is told the
// time and what rounds took, so the same told gives the same order.
//
// A run goes through stages. A stage brings some points to some number of rounds: in each of its starts of the agents
// every one of these points has its share of the rounds, so that what one start got by luck is no point's alone.
//
// Without a budget, or with one that is enough for everything:
//
//   all        every point, to the rounds that were asked for
//   refine     as often as was asked: the size half-way between the two round a crossing (refinement.h), in each series
//   look       to the next preset look at each point whose intervals are wide, as long as max_rounds allows; in a sweep
//              that refines only where two are within a factor of 1.5 of each other, since it is after the crossing
//
// With a budget that is too small for that, so that what was measured when it ends tells most:
//
//   coarse     of each series every other size, or fewer, ends included: six rounds. As many as three fifths of the
//              budget hold, and three at the least
//   fill       in each series the size left out that is next to where two curves are closest: six rounds; and so on
//   refine     as above, with six rounds
//   all, look  as above; the points where two curves are closest come first
//
// In each start of the first stage the ends and the middle of all series come first, then what is between them.
// Six rounds are the fewest that give a verdict. No round is begun that would end behind the budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/agents/round_times.h"
#include "harness/agents/sweep_order.h"

namespace xover {

struct SweepSettings {
  std::uint32_t rounds = 10, max_rounds = 10, restarts = 2;
  std::uint32_t refine = 0;     // sizes that may be added to each series
  std::int64_t budget_ns = 0;   // 0: none
  std::int64_t spent_ns = 0;    // of it, before the sweep
  std::int64_t reserve_ns = 0;  // of the budget, for what comes behind the last round
};

struct SweepPoint {
  std::size_t series = 0;  // points of one series differ in nothing but the size
  std::uint64_t size_bytes = 0;
  std::int64_t guess_ns = 0;  // for a round
};

// What a sweep asks about what was measured. Points by their numbers, which are given in the order they were added.
class SweepView {
 public:
  virtual ~SweepView() = default;
  // Whether anything of the point can still be measured.
  virtual bool runnable(std::size_t point) const = 0;
  // Whether the intervals at this point are as narrow as was asked for.
  virtual bool narrow_enough(std::size_t point) const = 0;
  // For each pair and metric that a crossover is sought by, the chief one first: ratios at the sizes of the series that
  // have any, ascending.
  virtual std::vector<Curve> curves(std::size_t series) const = 0;
  // Adds a point of this size to the series.
  virtual SweepPoint add_size(std::size_t series, std::uint64_t size_bytes) = 0;
};

class Sweep {
 public:
  struct Turn {
    std::size_t point = 0;
    std::uint32_t start = 0;  // of the agents, from 0
  };

  // The view must outlive the sweep.
  Sweep(const SweepSettings& settings, const std::vector<SweepPoint>& points, SweepView& view);

  // What cannot be done in the budget and what would help, for a person, before the run; empty when all is well.
  std::string outlook() const;

  // The next round; none when nothing is left that was asked for, or none would end in time.
  std::optional<Turn> next(std::int64_t elapsed_ns);
  // The round that next() gave has taken so long.
  void took(std::int64_t round_ns, bool accepted);

  std::size_t points() const { return points_.size(); }
  std::size_t points_done() const;
  std::uint32_t rounds_done() const;
  std::uint32_t rounds_wanted(std::int64_t elapsed_ns) const;  // done, and to come as far as can be told
  std::int64_t remaining_ns(std::int64_t elapsed_ns) const;
  bool ended_by_budget() const { return ended_by_budget_; }

 private:
  struct State {
    SweepPoint what;
    std::uint32_t rounds = 0;
    bool finished = false;  // narrow enough at a look
  };
  struct Goal {
    std::size_t point = 0;
    std::uint32_t from = 0, to = 0;  // rounds
  };
  struct Stage {
    std::vector<Goal> goals;
    std::uint32_t starts = 0;
    std::uint32_t start = 0;
    std::size_t at = 0;
  };

  enum class Phase : std::uint8_t { first, fill, refine, all, look };

  void add(const SweepPoint& point);
  bool wants(std::size_t point) const { return !points_[point].finished && view_.runnable(point); }

  std::int64_t usable_ns() const { return settings_.budget_ns - settings_.reserve_ns; }
  std::int64_t time_of(const std::vector<std::size_t>& points, std::uint32_t rounds) const;  // to that many
  std::uint32_t sure_rounds() const;  // that every point will have, time permitting
  std::int64_t work_left_ns() const;
  std::uint32_t wanted_first() const;  // rounds of a point before others get theirs
  void choose_first(std::int64_t elapsed_ns, double share_of_some);
  void reconsider_first(std::int64_t elapsed_ns);

  bool has_time_for(std::int64_t needed_ns) const;

  std::optional<Turn> turn_of_stage();
  bool next_stage();
  // These are false when there is nothing to do in such a stage.
  bool begin(const std::vector<std::size_t>& points, std::uint32_t rounds, std::uint32_t starts);
  bool begin_fill();
  bool begin_refinement();
  bool begin_look();

  std::vector<std::size_t> everything() const;  // that can still be measured
  std::vector<std::size_t> coarse(std::size_t step) const;
  std::vector<std::size_t> coarsest_first(std::vector<std::size_t> points) const;
  std::vector<double> closeness() const;  // by point: see closeness_at()
  std::vector<std::size_t> closest_first() const;
  std::vector<SizeOfSeries> candidates_of(std::size_t series) const;

  const SweepSettings settings_;
  SweepView& view_;
  std::vector<State> points_;
  std::vector<std::uint32_t> refined_;  // sizes added, by series
  RoundTimes times_;
  std::uint32_t rounds_of_first_ = 0;  // where the budget is short: as many of them as it holds
  bool is_first_ = false;              // the first stage is under way
  std::optional<std::size_t> last_point_;
  std::vector<std::size_t> first_;  // the points of the first stage
  bool short_ = false;              // the budget is not enough for everything
  Phase phase_ = Phase::first;      // of the next stage
  Stage stage_;
  std::uint32_t start_ = 0;  // of the agents
  std::int64_t elapsed_ns_ = 0;
  std::optional<Turn> turn_;
  bool ended_by_budget_ = false;
};

}  // namespace xover
