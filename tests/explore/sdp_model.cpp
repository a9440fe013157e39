// Beginnings, ends and traces.
#include "tests/explore/sdp_model.h"

#include <algorithm>

#include "tests/explore/execution.h"
#include "tests/explore/state_form.h"
#include "tests/explore/story.h"

namespace xover::explore {

namespace {

std::byte* pointer_to(std::uint64_t address) { return reinterpret_cast<std::byte*>(address); }

std::vector<Segment> segments_of(std::size_t op, std::uint32_t size_bytes, bool scattered) {
  std::byte* data = pointer_to(address_of(Area::op, op));
  if (!scattered || size_bytes < 2) return {{.data = data, .size_bytes = size_bytes}};
  const std::uint32_t first = size_bytes / 2;
  return {{.data = data, .size_bytes = first}, {.data = data + second_segment, .size_bytes = size_bytes - first}};
}

}  // namespace

SdpModel::SdpModel(Scenario scenario, Orders orders) : scenario_(std::move(scenario)), orders_(orders) {
  for (std::size_t end = 0; end < 2; ++end) {
    const Application& application = scenario_.applications[end];
    for (std::size_t op = 0; op < application.op_bytes.size(); ++op) {
      segments_[end].push_back(segments_of(op, application.op_bytes[op], application.scattered));
    }
  }
}

ModelState SdpModel::initial() const {
  ModelState state{.world = {}, .ends = {EndState(scenario_.settings[0]), EndState(scenario_.settings[1])}};
  for (std::size_t end = 0; end < 2; ++end) {
    const sdp::Settings& settings = scenario_.settings[end];
    EndState& self = state.ends[end];
    const AdapterShape shape{.max_requests = std::size_t{settings.stages} + settings.max_reads + settings.max_writes,
                             .max_receives = settings.own.receives,
                             .key_generations = 256};
    state.world.add_adapter(shape);
    state.world.add_queue_pair(end);
    self.slots_key = *state.world.register_memory(end, address_of(Area::slot, 0), area_bytes, RemoteAccess::none);
    self.read_stage_key =
        *state.world.register_memory(end, address_of(Area::read_stage, 0), area_bytes, RemoteAccess::none);
    for (std::uint16_t slot = 0; slot < settings.own.receives; ++slot) {
      self.slots.emplace_back(settings.own.receive_bytes);
      self.slot_held.push_back(false);
      const MemoryPiece piece{address_of(Area::slot, slot), settings.own.receive_bytes, self.slots_key};
      state.world.post_receive(end, {.id = slot, .piece = piece});
    }
    self.read_stage.resize(settings.read_stage_bytes);
    self.ops.resize(scenario_.applications[end].op_bytes.size());
    self.offered.resize(scenario_.applications[end].receive_bytes.size());
    self.came.resize(scenario_.applications[1 - end].op_bytes.size());
    self.registrations.resize(sdp::tickets(settings));
    const Application& application = scenario_.applications[end];
    self.cancels = application.most_cancels;
    self.mode_changes = application.most_mode_changes;
    self.hurries = application.most_hurries;
    self.refusals = application.most_refusals;
    self.sent = self.received = settings.first_sequence;
    self.limit = settings.first_sequence + static_cast<std::uint32_t>(self.machine.credits());
    self.told_limit = settings.first_sequence + static_cast<std::uint32_t>(state.ends[1 - end].machine.credits());
  }
  state.world.connect(0, 1);
  for (std::size_t end = 0; end < 2; ++end) state.world.start(end);
  return state;
}

std::string SdpModel::end_problem(const State& state) const {
  for (std::size_t end = 0; end < 2; ++end) {
    const EndState& self = state.ends[end];
    const EndState& peer = state.ends[1 - end];
    const std::string name = name_of_end(end);
    for (std::size_t op = 0; op < self.ops.size(); ++op) {
      const std::string its = name + "'s op " + std::to_string(op);
      if (self.ops[op].fate != Op::Fate::released) return its + " never comes back";
      if (peer.came[op] != self.ops[op].went) {
        return its + ": " + std::to_string(self.ops[op].went) + " bytes went, " + std::to_string(peer.came[op]) +
               " came";
      }
    }
    if (!self.closed) return name + " never sees the end";
    for (const Offered& offered : self.offered) {
      if (offered.lent) return "a receive of " + name + " never comes back";
    }
    for (const Registration& registration : self.registrations) {
      if (registration.fate != Registration::Fate::none) return name + " has something registered in the end";
    }
    if (!self.machine.finished() || !self.machine.quiet()) return name + "'s machine is not done";
    if (!state.world.queue_pair(end).requests.empty()) return name + "'s requests never end";
  }
  return {};
}

void SdpModel::serialise(const State& state, std::vector<std::byte>& out) const { append_form(state, out); }

std::string SdpModel::take(State& state, Step step, std::vector<std::string>* story) const {
  return Execution(*this, state, story).take(step);
}

std::string SdpModel::describe(const std::vector<Step>& trace) const {
  std::vector<std::string> story;
  State state = initial();
  for (const Step step : trace) take(state, step, &story);
  std::string text = "scenario " + scenario_.name + ", " + std::to_string(trace.size()) + " steps:\n";
  for (const std::string& line : story) text += "  " + line + "\n";
  return text;
}

}  // namespace xover::explore
