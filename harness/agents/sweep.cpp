// Stages, and the turns in them.
#include "harness/agents/sweep.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/agents/sweep_order.h"
#include "harness/analysis/stopping.h"

namespace xover {

namespace {

constexpr std::uint32_t six = least_rounds_for_verdict;
constexpr std::size_t widest_step = 64;
constexpr double coarse_share = 0.6;
constexpr double close_enough = 0.405;  // the logarithm of 1.5

// A round can take somewhat longer than those before it.
std::int64_t with_margin(std::int64_t round_ns) { return round_ns + round_ns / 8; }

std::uint32_t next_look(std::uint32_t rounds) {
  do ++rounds;
  while (!is_preset_look(rounds));
  return rounds;
}

}  // namespace

Sweep::Sweep(const SweepSettings& settings, const std::vector<SweepPoint>& points, SweepView& view)
    : settings_(settings), view_(view) {
  for (const SweepPoint& point : points) add(point);
  first_ = everything();
  short_ = settings_.budget_ns > 0 && time_of(first_, settings_.rounds) > usable_ns() - settings_.spent_ns;
  if (short_) choose_first(settings_.spent_ns, coarse_share);
}

// As many sizes as six rounds of them, as far as they have not had these, take no more than a share of what is left.
void Sweep::choose_first(std::int64_t elapsed_ns, double share_of_some) {
  const auto left_ns = static_cast<double>(usable_ns() - elapsed_ns);
  for (std::size_t step = 1; step <= widest_step; step *= 2) {
    first_ = coarse(step);
    const double share = step == 1 ? 1 : share_of_some;
    if (static_cast<double>(time_of(first_, wanted_first())) <= share * left_ns) break;
  }
  // At least one round: a run without any would tell nothing at all.
  rounds_of_first_ = wanted_first();
  while (rounds_of_first_ > 1 && static_cast<double>(time_of(first_, rounds_of_first_)) > left_ns) --rounds_of_first_;
}

// Guesses may have been wrong, or the machine may have become slower, while the first stage is under way.
void Sweep::reconsider_first(std::int64_t elapsed_ns) {
  std::int64_t stage_ns = 0;
  for (const Goal& goal : stage_.goals) stage_ns += time_of({goal.point}, goal.to);
  if (stage_ns <= usable_ns() - elapsed_ns) return;
  short_ = true;
  phase_ = Phase::fill;
  choose_first(elapsed_ns, stage_.start == 0 ? coarse_share : 1);
  stage_.goals.clear();
  for (const std::size_t point : coarsest_first(first_)) stage_.goals.push_back({point, 0, rounds_of_first_});
  stage_.at = 0;
}

void Sweep::add(const SweepPoint& point) {
  points_.push_back({point});
  times_.add_point(point.guess_ns);
  if (point.series >= refined_.size()) refined_.resize(point.series + 1);
}

// --- what there is time for

std::int64_t Sweep::time_of(const std::vector<std::size_t>& points, std::uint32_t rounds) const {
  std::int64_t sum_ns = 0;
  for (const std::size_t point : points)
    if (rounds > points_[point].rounds) sum_ns += (rounds - points_[point].rounds) * times_.accepted_round_ns(point);
  return sum_ns;
}

std::uint32_t Sweep::wanted_first() const { return short_ ? std::min(six, settings_.rounds) : settings_.rounds; }

std::string Sweep::outlook() const {
  if (!short_) return {};
  const std::string budget = "the budget of " + format_duration(settings_.budget_ns);
  const std::uint32_t enough = wanted_first(), rounds = rounds_of_first_;
  const std::string all = format_duration(time_of(everything(), enough));
  if (rounds < enough)
    return fmt::format(
        "{} is too small for {} rounds at as few as {} of {} points, which take about {}: it holds about {} "
        "there. With fewer than six there is no verdict; raise it, shorten --duration, or measure fewer points",
        budget, enough, first_.size(), points_.size(), format_duration(time_of(first_, enough)), rounds);
  if (first_.size() < points_.size())
    return fmt::format(
        "{} begins with {} rounds at {} of {} points; others follow where curves are close, as far as there is time. "
        "{} rounds at all of them take about {}",
        budget, enough, first_.size(), points_.size(), enough, all);
  return fmt::format("{} holds {} rounds at all points, and more where curves are close; {} at all take about {}",
                     budget, enough, settings_.rounds, format_duration(time_of(everything(), settings_.rounds)));
}

// --- turns

std::optional<Sweep::Turn> Sweep::next(std::int64_t elapsed_ns) {
  turn_.reset();
  elapsed_ns_ = elapsed_ns;
  while (!ended_by_budget_) {
    if (const auto turn = turn_of_stage()) {
      const bool another = !last_point_ || *last_point_ != turn->point;
      last_point_ = turn->point;
      if (another && is_first_ && settings_.budget_ns > 0) {
        reconsider_first(elapsed_ns);
        if (const auto now = turn_of_stage(); !now || now->point != turn->point) continue;
      }
      const bool fits =
          settings_.budget_ns == 0 || elapsed_ns + with_margin(times_.round_ns(turn->point)) <= usable_ns();
      if (fits) return turn_ = turn;
      ended_by_budget_ = true;
    } else if (!next_stage()) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

void Sweep::took(std::int64_t round_ns, bool accepted) {
  times_.took(turn_->point, round_ns, accepted);
  if (!accepted) return;
  State& state = points_[turn_->point];
  ++state.rounds;
  const bool may_be_enough = settings_.max_rounds > settings_.rounds && state.rounds >= settings_.rounds;
  if (may_be_enough && is_preset_look(state.rounds)) state.finished = view_.narrow_enough(turn_->point);
}

std::optional<Sweep::Turn> Sweep::turn_of_stage() {
  for (; stage_.start < stage_.starts; ++stage_.start, ++start_, stage_.at = 0) {
    for (; stage_.at < stage_.goals.size(); ++stage_.at) {
      const Goal& goal = stage_.goals[stage_.at];
      const std::uint32_t share = goal.from + (goal.to - goal.from) * (stage_.start + 1) / stage_.starts;
      if (points_[goal.point].rounds < share && wants(goal.point)) return Turn{goal.point, start_};
    }
  }
  return std::nullopt;
}

// --- stages

bool Sweep::begin(const std::vector<std::size_t>& points, std::uint32_t rounds, std::uint32_t starts) {
  Stage stage;
  for (const std::size_t point : points)
    if (points_[point].rounds < rounds && wants(point)) stage.goals.push_back({point, points_[point].rounds, rounds});
  if (stage.goals.empty()) return false;
  stage.starts = std::clamp<std::uint32_t>(starts, 1, std::max(1u, rounds));
  stage_ = std::move(stage);
  return true;
}

bool Sweep::next_stage() {
  is_first_ = false;
  switch (phase_) {
    case Phase::first:
      phase_ = short_ ? Phase::fill : Phase::refine;
      if (settings_.budget_ns > 0) first_ = coarsest_first(first_);
      is_first_ = begin(first_, short_ ? rounds_of_first_ : settings_.rounds, settings_.restarts);
      return is_first_ || next_stage();
    case Phase::fill:
      if (begin_fill()) return true;
      phase_ = Phase::refine;
      return next_stage();
    case Phase::refine:
      if (begin_refinement()) return true;
      phase_ = Phase::all;
      return next_stage();
    case Phase::all:
      if (short_ && begin(closest_first(), wanted_first(), 1)) return true;
      phase_ = Phase::look;
      if (begin(closest_first(), settings_.rounds, settings_.restarts)) return true;
      return next_stage();
    case Phase::look: return begin_look();
  }
  return false;
}

// Six rounds of a further size are begun only when they can be ended: fewer would not tell anything.
bool Sweep::has_time_for(std::int64_t needed_ns) const {
  if (settings_.budget_ns == 0) return true;
  const bool first_is_whole = !short_ || rounds_of_first_ == wanted_first();
  return first_is_whole && needed_ns <= usable_ns() - elapsed_ns_;
}

// Sizes that a coarser choice has left with fewer than six rounds come before any other.
bool Sweep::begin_fill() {
  std::vector<std::size_t> begun;
  for (const std::size_t point : everything())
    if (points_[point].rounds > 0 && points_[point].rounds < wanted_first()) begun.push_back(point);
  if (has_time_for(time_of(begun, wanted_first())) && begin(begun, wanted_first(), 1)) return true;
  std::vector<std::size_t> chosen;
  for (std::size_t series = 0; series < refined_.size(); ++series) {
    const auto candidates = candidates_of(series);
    const auto at = next_to_fill(candidates, view_.curves(series));
    if (!at) continue;
    chosen.push_back(candidates[*at].point);
    if (!has_time_for(time_of(chosen, wanted_first()))) chosen.pop_back();
  }
  return begin(chosen, wanted_first(), settings_.restarts);
}

bool Sweep::begin_refinement() {
  std::vector<std::size_t> added;
  std::int64_t needed_ns = 0;
  for (std::size_t series = 0; series < refined_.size(); ++series) {
    const auto like = candidates_of(series);
    if (refined_[series] >= settings_.refine || like.empty()) continue;
    const std::int64_t one_ns = wanted_first() * times_.accepted_round_ns(like.front().point);
    if (!has_time_for(needed_ns + one_ns)) continue;
    const auto size_bytes = next_of_curves(view_.curves(series));
    if (!size_bytes) continue;
    needed_ns += one_ns;
    ++refined_[series];
    add(view_.add_size(series, *size_bytes));
    added.push_back(points_.size() - 1);
  }
  return begin(added, wanted_first(), settings_.restarts);
}

// Each point to its own next look, under one start of the agents.
bool Sweep::begin_look() {
  if (settings_.max_rounds <= settings_.rounds) return false;
  Stage stage;
  const std::vector<double> log_ratios = settings_.refine > 0 ? closeness() : std::vector<double>(points_.size());
  for (const std::size_t point : closest_first()) {
    const std::uint32_t rounds = points_[point].rounds, look = next_look(rounds);
    if (look <= settings_.max_rounds && log_ratios[point] < close_enough) stage.goals.push_back({point, rounds, look});
  }
  if (stage.goals.empty()) return false;
  stage.starts = 1;
  stage_ = std::move(stage);
  return true;
}

// --- points

std::vector<std::size_t> Sweep::everything() const {
  std::vector<std::size_t> points;
  for (std::size_t point = 0; point < points_.size(); ++point)
    if (wants(point)) points.push_back(point);
  return points;
}

std::vector<SizeOfSeries> Sweep::candidates_of(std::size_t series) const {
  std::vector<SizeOfSeries> sizes;
  for (std::size_t point = 0; point < points_.size(); ++point) {
    const State& state = points_[point];
    if (state.what.series != series || (state.rounds == 0 && !wants(point))) continue;
    sizes.push_back({point, state.what.size_bytes, state.rounds > 0});
  }
  std::ranges::sort(sizes, {}, &SizeOfSeries::size_bytes);
  return sizes;
}

std::vector<std::size_t> Sweep::coarse(std::size_t step) const {
  std::vector<std::size_t> points;
  for (std::size_t series = 0; series < refined_.size(); ++series) {
    const auto sizes = candidates_of(series);
    for (const std::size_t index : every(step, sizes.size())) points.push_back(sizes[index].point);
  }
  std::ranges::sort(points);
  return points;
}

// So that a choice of fewer sizes, while the first stage is under way, has not begun with others.
std::vector<std::size_t> Sweep::coarsest_first(std::vector<std::size_t> points) const {
  std::vector<std::size_t> widest(points_.size(), 0);
  for (std::size_t step = 1; step <= widest_step; step *= 2)
    for (const std::size_t point : coarse(step)) widest[point] = step;
  std::ranges::stable_sort(points, std::greater<>(), [&](std::size_t point) { return widest[point]; });
  return points;
}

std::vector<double> Sweep::closeness() const {
  std::vector<double> closeness(points_.size(), 0);
  for (std::size_t series = 0; series < refined_.size(); ++series) {
    const auto curves = view_.curves(series);
    for (const SizeOfSeries& size : candidates_of(series))
      closeness[size.point] = closeness_at(size.size_bytes, curves);
  }
  return closeness;
}

std::vector<std::size_t> Sweep::closest_first() const {
  std::vector<std::size_t> points = everything();
  if (settings_.budget_ns == 0) return points;
  const std::vector<double> log_ratios = closeness();
  std::ranges::stable_sort(points, {}, [&](std::size_t point) { return log_ratios[point]; });
  return points;
}

// --- telling

std::size_t Sweep::points_done() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      points_, [&](const State& state) { return state.finished || state.rounds >= settings_.rounds; }));
}

std::uint32_t Sweep::rounds_done() const {
  std::uint32_t sum = 0;
  for (const State& state : points_) sum += state.rounds;
  return sum;
}

// All points come to the first look, where there are looks.
std::uint32_t Sweep::sure_rounds() const {
  const bool looks = settings_.max_rounds > settings_.rounds && settings_.refine == 0;
  if (!looks || is_preset_look(settings_.rounds)) return settings_.rounds;
  return std::min(next_look(settings_.rounds), settings_.max_rounds);
}

// Of everything that was asked for; further looks count only while they are under way, since each may be the last.
std::int64_t Sweep::work_left_ns() const {
  std::int64_t sum_ns = time_of(everything(), sure_rounds());
  if (phase_ != Phase::look) return sum_ns;
  for (const Goal& goal : stage_.goals) {
    const std::uint32_t rounds = std::max(points_[goal.point].rounds, sure_rounds());
    if (goal.to > rounds && wants(goal.point)) sum_ns += (goal.to - rounds) * times_.accepted_round_ns(goal.point);
  }
  return sum_ns;
}

std::int64_t Sweep::remaining_ns(std::int64_t elapsed_ns) const {
  const std::int64_t work_ns = work_left_ns();
  if (settings_.budget_ns == 0) return work_ns;
  return std::clamp<std::int64_t>(work_ns, 0, std::max<std::int64_t>(usable_ns() - elapsed_ns, 0));
}

std::uint32_t Sweep::rounds_wanted(std::int64_t elapsed_ns) const {
  const std::int64_t work_ns = work_left_ns(), remaining = remaining_ns(elapsed_ns);
  std::uint32_t left = 0;
  for (const std::size_t point : everything())
    if (sure_rounds() > points_[point].rounds) left += sure_rounds() - points_[point].rounds;
  if (work_ns <= remaining || work_ns == 0) return rounds_done() + left;
  const double share = static_cast<double>(remaining) / static_cast<double>(work_ns);
  return rounds_done() + static_cast<std::uint32_t>(share * left);
}

}  // namespace xover
