// The coordinator's loop: restarts of the agents, rounds of each point, the gate round each round.
#include "harness/agents/run_experiment.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/agents/probe.h"
#include "harness/agents/sample_runner.h"
#include "harness/analysis/compare.h"
#include "harness/analysis/crossover.h"
#include "harness/analysis/findings.h"
#include "harness/analysis/gate_bias.h"
#include "harness/analysis/stopping.h"
#include "harness/analysis/summarise.h"
#include "harness/experiment/variants_at.h"
#include "harness/links/links.h"
#include "harness/measurement/environment.h"
#include "harness/measurement/lab_guest.h"
#include "harness/measurement/round_gate.h"
#include "harness/placement/placement.h"
#include "harness/workloads/end.h"

namespace xover {

namespace {

// One point on its way through the run.
struct PointState {
  std::size_t first_cell = 0;
  std::uint32_t rounds_done = 0;  // accepted, or taken in spite of the gate
  std::uint32_t rounds_attempted = 0;
  bool finished = false;
};

Substrate substrate_here(Substrate substrate) {
  static const bool in_guest = lab_guest().has_value();
  return in_guest ? substrate_in_lab_guest(substrate) : substrate;
}

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

class ExperimentRun {
 public:
  ExperimentRun(const Plan& plan, RunObserver& observer)
      : observer_(observer),
        agents_([this] { return observer_.stop_requested(); }),
        began_ns_(monotonic_now_ns()),
        order_(plan.seed) {
    document_.plan = plan;
    document_.environment = environment();
  }

  ResultDocument run() {
    lay_out_cells();
    probe_cells();
    for (std::uint32_t restart = 0; !over() && target_of(restart) > 0; ++restart) {
      agents_.drop();
      for (std::size_t point = 0; point < points_.size() && !over(); ++point)
        bring_to(point, std::min(target_of(restart), document_.plan.max_rounds), restart);
    }
    agents_.drop();
    conclude();
    return std::move(document_);
  }

 private:
  const Plan& plan() const { return document_.plan; }
  std::span<CellResult> cells_of(std::size_t point) {
    return {document_.cells.data() + points_[point].first_cell, plan().points[point].variants.size()};
  }
  bool runnable(std::size_t point) {
    return std::ranges::any_of(cells_of(point), [](const CellResult& cell) { return cell.status == CellStatus::ok; });
  }

  void lay_out_cells();
  void place_cell(CellResult& cell, const Point& point);
  Result<Availability> probe(const Variant& variant);
  void note_link(CellResult& cell);
  void probe_cells();

  // How many rounds each point should have after a restart; 0 when all restarts have been.
  std::uint32_t target_of(std::uint32_t restart) const;
  void bring_to(std::size_t point, std::uint32_t rounds, std::uint32_t restart);
  bool take_round(std::size_t point, std::uint32_t restart);
  SampleSpec spec_of(const CellResult& cell, const Point& point, const MadeLink* link) const;
  bool take_cell(CellResult& cell, const Point& point, RoundRecord& record);
  void fail(CellResult& cell, const Error& error);
  void show(std::string doing);

  bool over();
  void conclude();

  RunObserver& observer_;
  ResultDocument document_;
  std::vector<PointState> points_;
  AgentPairs agents_;
  RoundGate gate_;
  MonotonicNs began_ns_;
  std::mt19937_64 order_;
  std::int64_t longest_round_ns_ = 0;
};

void ExperimentRun::lay_out_cells() {
  for (std::size_t index = 0; index < plan().points.size(); ++index) {
    const PlannedPoint& planned = plan().points[index];
    PointState state;
    state.first_cell = document_.cells.size();
    points_.push_back(state);
    for (const Variant& variant : planned.variants) {
      CellResult cell;
      cell.point_index = index;
      cell.variant = variant;
      place_cell(cell, planned.point);
      document_.cells.push_back(std::move(cell));
    }
  }
}

void ExperimentRun::place_cell(CellResult& cell, const Point& point) {
  if (const LinkDescriptor* link = find_link(cell.variant.link.name)) {
    cell.substrate = substrate_here(link->substrate);
    cell.copies_after = link->copies_after;
    cell.has_receiver = link->has_receiver;
  }
  if (cell.virtual_time()) {
    cell.form = "one thread";
    return;  // whose core decides nothing
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

void ExperimentRun::probe_cells() {
  std::map<std::string, Result<Availability>> seen;
  for (CellResult& cell : document_.cells) {
    if (cell.status != CellStatus::ok || observer_.stop_requested()) continue;
    const std::string key = cell.variant.id + "@" + cell.variant.link.text();
    if (!seen.contains(key)) seen.emplace(key, probe(cell.variant));
    const Result<Availability>& availability = seen.at(key);
    if (!availability && !observer_.stop_requested()) fail(cell, availability.error());
    if (availability && availability->usable()) note_link(cell);
    if (!availability || availability->usable()) continue;
    cell.status = CellStatus::skipped;
    cell.reason = fmt::format("{}: {}", to_string(availability->status), availability->cause);
    cell.remedy = availability->remedy;
  }
}

std::uint32_t ExperimentRun::target_of(std::uint32_t restart) const {
  const std::uint32_t restarts = std::clamp<std::uint32_t>(plan().restarts, 1, std::max(1u, plan().rounds));
  if (restart < restarts) return plan().rounds * (restart + 1) / restarts;
  // Sequential stopping: each further look begins with another start of the agents.
  if (plan().max_rounds <= plan().rounds) return 0;
  std::uint32_t target = plan().rounds;
  for (std::uint32_t extra = restarts; extra <= restart; ++extra) {
    if (target >= plan().max_rounds) return 0;
    do ++target;
    while (target < plan().max_rounds && !is_preset_look(target));
  }
  return target;
}

void ExperimentRun::bring_to(std::size_t point, std::uint32_t rounds, std::uint32_t restart) {
  PointState& state = points_[point];
  while (!state.finished && state.rounds_done < rounds && runnable(point) && !over())
    if (take_round(point, restart)) ++state.rounds_done;
  if (plan().max_rounds > plan().rounds && state.rounds_done >= plan().rounds && is_preset_look(state.rounds_done))
    state.finished = narrow_enough(document_, point);
}

// True when the round counts.
bool ExperimentRun::take_round(std::size_t point, std::uint32_t restart) {
  const Point& axes = plan().points[point].point;
  const std::span<CellResult> cells = cells_of(point);
  std::vector<CellResult*> turn;
  std::vector<unsigned> cores;
  for (CellResult& cell : cells) {
    if (cell.status != CellStatus::ok) continue;
    turn.push_back(&cell);
    cores.insert(cores.end(), cell.sender_cores.begin(), cell.sender_cores.end());
    cores.insert(cores.end(), cell.receiver_cores.begin(), cell.receiver_cores.end());
  }
  std::shuffle(turn.begin(), turn.end(), order_);

  const MonotonicNs round_began_ns = monotonic_now_ns();
  const bool gated =
      plan().gate && std::ranges::any_of(turn, [](const CellResult* cell) { return !cell->virtual_time(); });
  if (gated) gate_.before(cores);
  std::vector<std::pair<CellResult*, RoundRecord>> records;
  for (CellResult* cell : turn) {
    show(fmt::format("{}, {}", cell->variant.name(), format_size(axes.size_bytes)));
    RoundRecord record;
    record.restart = restart;
    record.round = points_[point].rounds_attempted;
    if (take_cell(*cell, axes, record)) records.emplace_back(cell, std::move(record));
    if (over()) return false;  // a round that was broken off pairs nothing
  }
  ++points_[point].rounds_attempted;

  const GateVerdict verdict = gated ? gate_.after(cores) : GateVerdict{};
  const auto planned = static_cast<std::uint32_t>(plan().rounds * plan().points.size());
  const bool cap_reached = document_.gate.rounds_rejected * 2 >= planned;
  const bool accepted = verdict.ours || cap_reached;
  ++document_.gate.rounds_taken;
  if (!accepted) ++document_.gate.rounds_rejected;
  for (auto& [cell, record] : records) {
    record.accepted = accepted;
    record.gate_efficiency = verdict.efficiency;
    if (!accepted) ++document_.gate.rejected_by_variant[cell->variant.name()];
    if (!verdict.ours && cap_reached) ++document_.gate.rounds_forced_by_variant[cell->variant.name()];
    cell->rounds.push_back(std::move(record));
  }
  longest_round_ns_ = std::max(longest_round_ns_, monotonic_now_ns() - round_began_ns);
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
  spec.has_receiver = cell.has_receiver;
  spec.sender_cores = cell.sender_cores;
  spec.receiver_cores = cell.receiver_cores;
  spec.soakers = plan().soakers && is_bulk(point.workload);
  spec.kernel_symbols = plan().kernel_symbols;
  return spec;
}

bool ExperimentRun::take_cell(CellResult& cell, const Point& point, RoundRecord& record) {
  auto sample = agents_.on(cell.variant.link).and_then([&](AgentPair* agents) -> Result<Sample> {
    if (auto ready = agents->make_ready(); !ready) return tl::make_unexpected(ready.error());
    SampleSpec spec = spec_of(cell, point, agents->link());
    if (cell.virtual_time()) vary_seed(spec.variant.link, record.round);
    return take_sample(*agents, spec);
  });
  if (!sample) {
    if (!observer_.stop_requested()) fail(cell, sample.error());
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
  progress.points = points_.size();
  for (const PointState& point : points_) {
    progress.rounds_done += point.rounds_done;
    if (point.finished || point.rounds_done >= plan().rounds) ++progress.points_done;
  }
  progress.rounds_planned = static_cast<std::uint32_t>(plan().rounds * points_.size());
  progress.rounds_rejected = document_.gate.rounds_rejected;
  progress.elapsed_ns = monotonic_now_ns() - began_ns_;
  if (progress.rounds_done > 0 && progress.rounds_planned > progress.rounds_done)
    progress.remaining_ns =
        progress.elapsed_ns / progress.rounds_done * (progress.rounds_planned - progress.rounds_done);
  progress.doing = std::move(doing);
  observer_.progress(progress);
}

bool ExperimentRun::over() {
  if (document_.complete && observer_.stop_requested()) {
    document_.complete = false;
    document_.broken_off_because = "stopped on request";
  }
  if (plan().budget_ns > 0 && monotonic_now_ns() - began_ns_ + longest_round_ns_ > plan().budget_ns)
    document_.budget_spent = true;
  return !document_.complete || document_.budget_spent;
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
  check_gate_bias(document_);
  document_.findings = findings_for(document_);
}

}  // namespace

ResultDocument run_experiment(const Plan& plan, RunObserver& observer) { return ExperimentRun(plan, observer).run(); }

}  // namespace xover
