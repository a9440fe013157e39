// The coordinator's loop: restarts of the agents, rounds of each point, the gate round each round.
#include "harness/agents/run_experiment.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/agents/cells.h"
#include "harness/agents/probe.h"
#include "harness/agents/sample_runner.h"
#include "harness/agents/sweep.h"
#include "harness/agents/two_hosts.h"
#include "harness/analysis/compare.h"
#include "harness/analysis/copy_time.h"
#include "harness/analysis/cost_model.h"
#include "harness/analysis/crossover.h"
#include "harness/analysis/findings.h"
#include "harness/analysis/gate_bias.h"
#include "harness/analysis/series.h"
#include "harness/analysis/stopping.h"
#include "harness/analysis/summarise.h"
#include "harness/links/links.h"
#include "harness/measurement/environment.h"
#include "harness/measurement/round_gate.h"

namespace xover {

namespace {

// Left of a budget for what comes behind the last round.
constexpr std::int64_t most_reserve_ns = 500'000'000;
constexpr std::int64_t reserve_share = 50;

// Whether a device is hardware only those tell who opened it: the fact "moved_by" of RDMA devices.
void settle_substrate(CellResult& cell, const Sample& sample) {
  const auto mover = sample.sender.facts.find("moved_by");
  const bool soft = mover != sample.sender.facts.end() && mover->second != "the card";
  const bool device = cell.substrate == Substrate::hardware || cell.substrate == Substrate::emulated_device;
  if (device && soft) cell.substrate = Substrate::soft_device;
}

// Equal seeds give equal figures: each round of a simulation has one of its own, from what was asked for upwards.
void vary_seed(Link& link, std::uint32_t round) {
  const auto options = Options::resolve(link.name, find_link(link.name)->options, link.options);
  if (!options) return;  // refused where variants are resolved
  link.options["seed"] = std::to_string((options->integer("seed") + round) % INT32_MAX);
}

class ExperimentRun : private SweepView {
 public:
  ExperimentRun(const Plan& plan, RunObserver& observer, RemoteHost* far)
      : observer_(observer),
        agents_([this] { return observer_.stop_requested(); }, far),
        ends_(agents_),
        began_ns_(monotonic_now_ns()),
        order_(plan.seed) {
    document_.plan = plan;
    document_.environment = environment();
  }

  ResultDocument run() {
    lay_out_cells(document_, agents_.far() != nullptr);
    probe_cells();
    const std::size_t planned = plan().points.size();
    begin_sweep();
    take_rounds();
    agents_.drop();
    put_in_order(document_, planned);
    conclude();
    return std::move(document_);
  }

 private:
  const Plan& plan() const { return document_.plan; }
  std::int64_t elapsed_ns() const { return monotonic_now_ns() - began_ns_; }

  Result<Availability> probe(const Variant& variant);
  void note_link(CellResult& cell);
  void settle_ends(CellResult& cell);
  void probe_cells();

  void begin_sweep();
  bool runnable(std::size_t point) const override;
  bool narrow_enough(std::size_t point) const override { return xover::narrow_enough(document_, point); }
  std::vector<Curve> curves(std::size_t series) const override;
  SweepPoint add_size(std::size_t series, std::uint64_t size_bytes) override;

  void take_rounds();
  bool take_round(const Sweep::Turn& turn);
  bool all_will_count();
  SampleSpec spec_of(const CellResult& cell, const Point& point, const MadeLink* link) const;
  bool take_cell(CellResult& cell, const Point& point, RoundRecord& record);
  void fail(CellResult& cell, const Error& error);
  void show(std::string doing);

  bool stopped();
  void conclude();

  RunObserver& observer_;
  ResultDocument document_;
  AgentPairs agents_;
  TwoHosts ends_;  // of links to the other host
  RoundGate gate_;
  MonotonicNs began_ns_;
  std::mt19937_64 order_;
  std::optional<Sweep> sweep_;
  std::vector<std::vector<std::size_t>> points_of_series_;  // by number of the series
  std::map<std::size_t, std::uint32_t> attempts_;           // rounds taken of each point
};

// An agent that was killed from outside says nothing about the transport; one that dies of the probe dies of it again.
Result<Availability> ExperimentRun::probe(const Variant& variant) {
  const Descriptor& transport = *find_transport(variant.id);
  auto availability = probe_one(agents_, transport, variant.link);
  if (!availability && !observer_.stop_requested()) availability = probe_one(agents_, transport, variant.link);
  return availability;
}

// What only the making of a link tells.
void ExperimentRun::note_link(CellResult& cell) {
  const auto pair = agents_.on(cell.variant.link);
  const MadeLink* link = pair ? (*pair)->link() : nullptr;
  if (link == nullptr) return;
  cell.substrate = substrate_here(link->substrate);
  cell.link_facts = link->facts;
}

// Where the workers of a cell between two hosts go, and through which interfaces its bytes.
void ExperimentRun::settle_ends(CellResult& cell) {
  const Point& point = plan().points[cell.point_index].point;
  if (auto settled = ends_.settle(cell, point, plan()); !settled && !observer_.stop_requested()) {
    cell.status = CellStatus::skipped;
    cell.remedy = std::exchange(settled.error().remedy, {});
    cell.reason = settled.error().message();
  }
  document_.peer = ends_.peer();
}

void ExperimentRun::probe_cells() {
  std::map<std::string, Result<Availability>> seen;
  for (CellResult& cell : document_.cells) {
    if (cell.status != CellStatus::ok || observer_.stop_requested()) continue;
    const std::string key = cell.variant.id + "@" + cell.variant.link.text();
    if (!seen.contains(key)) seen.emplace(key, probe(cell.variant));
    const Result<Availability>& availability = seen.at(key);
    if (!availability && !observer_.stop_requested()) fail(cell, availability.error());
    if (availability && availability->usable()) note_link(cell);
    if (availability && availability->usable() && ends_.are_of(cell.variant.link)) settle_ends(cell);
    if (!availability || availability->usable()) continue;
    cell.status = CellStatus::skipped;
    cell.reason = fmt::format("{}: {}", to_string(availability->status), availability->cause);
    cell.remedy = availability->remedy;
  }
}

// --- the order

void ExperimentRun::begin_sweep() {
  std::vector<SweepPoint> points;
  const std::vector<std::size_t> series = series_of_points(plan());
  for (std::size_t point = 0; point < series.size(); ++point) {
    points.push_back({series[point], plan().points[point].point.size_bytes, guess_of_round_ns(document_, point)});
    if (series[point] == points_of_series_.size()) points_of_series_.emplace_back();
    points_of_series_[series[point]].push_back(point);
  }
  SweepSettings settings;
  settings.rounds = plan().rounds;
  settings.max_rounds = plan().max_rounds;
  settings.restarts = plan().restarts;
  settings.refine = plan().refine;
  settings.budget_ns = plan().budget_ns;
  settings.reserve_ns = std::min(most_reserve_ns, plan().budget_ns / reserve_share);
  settings.spent_ns = elapsed_ns();
  sweep_.emplace(settings, points, static_cast<SweepView&>(*this));
  if (const std::string outlook = sweep_->outlook(); !outlook.empty()) observer_.outlook(outlook);
}

bool ExperimentRun::runnable(std::size_t point) const {
  return std::ranges::any_of(cells_of_point(document_, point),
                             [](const CellResult& cell) { return cell.status == CellStatus::ok; });
}

std::vector<Curve> ExperimentRun::curves(std::size_t series) const {
  std::vector<Curve> curves;
  for (RatioSeries& one : ratio_series(document_))
    if (std::ranges::count(points_of_series_[series], one.point_index) > 0) curves.push_back(std::move(one.sizes));
  return curves;
}

SweepPoint ExperimentRun::add_size(std::size_t series, std::uint64_t size_bytes) {
  const std::size_t point = add_point(document_, points_of_series_[series].front(), size_bytes);
  points_of_series_[series].push_back(point);
  return {series, size_bytes, guess_of_round_ns(document_, point)};
}

// --- rounds

void ExperimentRun::take_rounds() {
  std::optional<std::uint32_t> start;
  while (!stopped()) {
    const auto turn = sweep_->next(elapsed_ns());
    if (!turn) break;
    const MonotonicNs began_ns = monotonic_now_ns();
    if (start != turn->start) agents_.drop();
    start = turn->start;
    const bool accepted = take_round(*turn);
    if (!stopped()) sweep_->took(monotonic_now_ns() - began_ns, accepted);
  }
  document_.budget_spent = sweep_->ended_by_budget();
}

// As many rounds may be rejected as are half of those that are wanted; from there on all count.
bool ExperimentRun::all_will_count() {
  return document_.gate.rounds_rejected * 2 >= sweep_->rounds_wanted(elapsed_ns());
}

// True when the round counts.
bool ExperimentRun::take_round(const Sweep::Turn& its_turn) {
  const std::size_t point = its_turn.point;
  const Point axes = plan().points[point].point;
  std::vector<CellResult*> turn;
  std::vector<unsigned> cores, far_cores;
  for (CellResult& cell : cells_of_point(document_, point)) {
    if (cell.status != CellStatus::ok) continue;
    turn.push_back(&cell);
    const bool two_hosts = ends_.are_of(cell.variant.link);
    const bool sends_here = axes.direction == Direction::to_peer;
    auto& of_senders = two_hosts && !sends_here ? far_cores : cores;
    auto& of_receivers = two_hosts && sends_here ? far_cores : cores;
    of_senders.insert(of_senders.end(), cell.sender_cores.begin(), cell.sender_cores.end());
    of_receivers.insert(of_receivers.end(), cell.receiver_cores.begin(), cell.receiver_cores.end());
  }
  std::shuffle(turn.begin(), turn.end(), order_);

  const bool gated =
      plan().gate && std::ranges::any_of(turn, [](const CellResult* cell) { return !cell->virtual_time(); });
  if (gated) gate_.before(cores);
  if (gated) ends_.gate_before(far_cores);
  std::vector<std::pair<CellResult*, RoundRecord>> records;
  for (CellResult* cell : turn) {
    show(fmt::format("{}, {}", cell->variant.name(), format_size(axes.size_bytes)));
    RoundRecord record;
    record.restart = its_turn.start;
    record.round = attempts_[point];
    if (take_cell(*cell, axes, record)) records.emplace_back(cell, std::move(record));
    if (stopped()) return false;  // a round that was broken off pairs nothing
  }
  ++attempts_[point];

  GateVerdict verdict = gated ? gate_.after(cores) : GateVerdict{};
  if (gated) verdict = both(verdict, ends_.gate_after(far_cores));
  const bool cap_reached = all_will_count();
  const bool accepted = verdict.ours || cap_reached;
  ++document_.gate.rounds_taken;
  if (!accepted) ++document_.gate.rounds_rejected;
  for (auto& [cell, record] : records) {
    record.accepted = accepted;
    record.gate_efficiency = verdict.efficiency;
    record.speed = verdict.speed;
    if (!accepted) ++document_.gate.rejected_by_variant[cell->variant.name()];
    if (!verdict.ours && cap_reached) ++document_.gate.rounds_forced_by_variant[cell->variant.name()];
    cell->rounds.push_back(std::move(record));
  }
  return accepted;
}

SampleSpec ExperimentRun::spec_of(const CellResult& cell, const Point& point, const MadeLink* link) const {
  SampleSpec spec;
  spec.variant = cell.variant;
  spec.point = point;
  spec.warmup_ns = plan().warmup_ns;
  spec.duration_ns = plan().duration_ns;
  if (link != nullptr) {
    spec.sender_address = link->sender;
    spec.receiver_address = link->receiver;
    spec.device_gathers = link->gathers;
  }
  if (ends_.are_of(cell.variant.link)) ends_.tell(spec);
  spec.has_receiver = cell.has_receiver;
  spec.sender_cores = cell.sender_cores;
  spec.receiver_cores = cell.receiver_cores;
  spec.soakers = plan().soakers && is_bulk(point.workload);
  spec.kernel_symbols = plan().kernel_symbols;
  return spec;
}

bool ExperimentRun::take_cell(CellResult& cell, const Point& point, RoundRecord& record) {
  auto sample = agents_.on(cell.variant.link, point.direction).and_then([&](AgentPair* agents) -> Result<Sample> {
    if (auto ready = agents->make_ready(); !ready) return tl::make_unexpected(ready.error());
    SampleSpec spec = spec_of(cell, point, agents->link());
    if (cell.virtual_time()) vary_seed(spec.variant.link, record.round);
    return take_sample(*agents, spec);
  });
  if (!sample) {
    const bool far_is_gone = agents_.far() != nullptr && agents_.far()->lost();  // which is no failure of the cell
    if (!observer_.stop_requested() && !far_is_gone) fail(cell, sample.error());
    return false;
  }
  settle_substrate(cell, *sample);
  record.sample = std::move(*sample);
  return true;
}

void ExperimentRun::fail(CellResult& cell, const Error& error) {
  cell.status = CellStatus::failed;
  cell.remedy = error.remedy;
  Error without_remedy = error;
  without_remedy.remedy.clear();
  cell.reason = without_remedy.message();
  observer_.note(fmt::format("{} at {} failed: {}", cell.variant.name(),
                             format_size(plan().points[cell.point_index].point.size_bytes), error.message()));
}

void ExperimentRun::show(std::string doing) {
  RunProgress progress;
  progress.elapsed_ns = elapsed_ns();
  progress.points = sweep_->points();
  progress.points_done = sweep_->points_done();
  progress.rounds_done = sweep_->rounds_done();
  progress.rounds_planned = sweep_->rounds_wanted(progress.elapsed_ns);
  progress.rounds_rejected = document_.gate.rounds_rejected;
  progress.remaining_ns = sweep_->remaining_ns(progress.elapsed_ns);
  progress.doing = std::move(doing);
  observer_.progress(progress);
}

bool ExperimentRun::stopped() {
  if (document_.complete && observer_.stop_requested()) {
    document_.complete = false;
    document_.broken_off_because = "stopped on request";
  }
  if (const auto lost = agents_.far() == nullptr ? std::nullopt : agents_.far()->lost(); document_.complete && lost) {
    document_.complete = false;
    document_.broken_off_because = lost->message();
    observer_.note("broken off: " + lost->message());
  }
  return !document_.complete;
}

void ExperimentRun::conclude() {
  for (CellResult& cell : document_.cells) {
    if (cell.status == CellStatus::ok && cell.rounds.empty()) {
      cell.status = CellStatus::skipped;
      cell.reason = document_.complete ? "the budget was spent before its first round" : document_.broken_off_because;
    }
    const auto forced = document_.gate.rounds_forced_by_variant.find(cell.variant.name());
    if (forced != document_.gate.rounds_forced_by_variant.end())
      cell.warnings.push_back({WarningKind::cores_not_ours,
                               fmt::format("{} rounds were taken on cores that were not all ours", forced->second)});
  }
  summarise(document_);
  compare(document_);
  find_crossovers(document_);
  find_cost_models(document_);
  find_copy_times(document_);
  check_gate_bias(document_);
  document_.findings = findings_for(document_);
}

}  // namespace

ResultDocument run_experiment(const Plan& plan, RunObserver& observer, RemoteHost* far) {
  return ExperimentRun(plan, observer, far).run();
}

}  // namespace xover
