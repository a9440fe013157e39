// Which steps are possible in a state, and which of them need not be looked at.
#include <algorithm>

#include "tests/explore/sdp_model.h"

namespace xover::explore {

namespace {

// From this on a wait stands for an error, and nobody hurries to it.
constexpr MonotonicNs far_away = INT64_MAX / 4;

Step step_of(StepKind kind, std::size_t end, std::size_t which = 0) {
  return {static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(end), static_cast<std::uint8_t>(which)};
}

Choice arrival_from(std::size_t end) { return {Choice::Kind::arrive, static_cast<std::uint16_t>(end)}; }

// A message or a write arrives at the peer of who posted it; all else happens at the end itself.
std::size_t place_of_step(Step step) {
  const bool at_peer = static_cast<StepKind>(step.kind) == StepKind::world &&
                       (static_cast<Choice::Kind>(step.which) == Choice::Kind::arrive ||
                        static_cast<Choice::Kind>(step.which) == Choice::Kind::retry);
  return at_peer ? 1 - std::size_t{step.end} : step.end;
}

// Nothing that the peer does adds a step to those of this end, or changes what they do.
//   Something lies here to arrive, and it stays the next to arrive.
//   No write of this end waits to arrive there, which would be followed by its result here.
//   No read of this end waits for a message of this end to arrive there, unless behind a read that does not.
bool goes_alone(const World& world, std::size_t end) {
  if (!world.possible(arrival_from(1 - end))) return false;
  bool read_waits = false;
  for (const WorldRequest& request : world.queue_pair(end).requests) {
    if (request.executed) continue;
    if (request.work == Work::write) return false;
    read_waits |= request.work == Work::read;
  }
  return !read_waits || world.possible({Choice::Kind::sample, static_cast<std::uint16_t>(end)});
}

}  // namespace

void SdpModel::append_steps(const State& state, std::vector<Step>& steps) const {
  if (append_prompt_step(state, steps)) return;
  for (std::size_t end = 0; end < 2; ++end) append_steps_of(state, end, steps);
  const bool stuck = steps.empty();
  for (std::size_t end = 0; end < 2; ++end) append_optional_steps_of(state, end, stuck, steps);
  if (orders_ == Orders::all || stuck) return;
  std::size_t fewest = steps.size(), chosen = 2;
  for (std::size_t end = 0; end < 2; ++end) {
    if (!goes_alone(state.world, end)) continue;
    const auto count = static_cast<std::size_t>(
        std::count_if(steps.begin(), steps.end(), [&](Step step) { return place_of_step(step) == end; }));
    if (count < fewest) fewest = count, chosen = end;
  }
  if (chosen != 2) std::erase_if(steps, [&](Step step) { return place_of_step(step) != chosen; });
}

// What an application does at once is no choice, but a part of the step before.
bool SdpModel::append_prompt_step(const State& state, std::vector<Step>& steps) const {
  for (std::size_t end = 0; end < 2; ++end) {
    const Application& application = scenario_.applications[end];
    std::vector<Step> own;
    if (!application.sends_promptly && !application.receives_promptly) continue;
    append_steps_of(state, end, own);
    for (const Step step : own) {
      const auto kind = static_cast<StepKind>(step.kind);
      const bool sends = kind == StepKind::submit || kind == StepKind::shutdown;
      if ((sends && application.sends_promptly) || (kind == StepKind::offer && application.receives_promptly)) {
        steps.push_back(step);
        return true;
      }
    }
  }
  return false;
}

void SdpModel::append_steps_of(const State& state, std::size_t end, std::vector<Step>& steps) const {
  const EndState& self = state.ends[end];
  const sdp::Settings& settings = scenario_.settings[end];
  for (std::size_t kind = 0; kind < choice_kinds; ++kind) {
    const Choice choice{static_cast<Choice::Kind>(kind), static_cast<std::uint16_t>(end)};
    if (state.world.possible(choice)) steps.push_back(step_of(StepKind::world, end, kind));
  }
  const auto op =
      std::find_if(self.ops.begin(), self.ops.end(), [](const Op& one) { return one.fate == Op::Fate::to_come; });
  if (op == self.ops.end()) {
    if (!self.shut_down) steps.push_back(step_of(StepKind::shutdown, end));
  } else if (self.machine.ops() < settings.depth) {
    steps.push_back(step_of(StepKind::submit, end, static_cast<std::size_t>(op - self.ops.begin())));
  }
  if (!self.offered.empty() && !self.offered[self.next_offer].lent && !self.closed &&
      self.machine.offered() < settings.max_offered) {
    steps.push_back(step_of(StepKind::offer, end, self.next_offer));
  }
  if (!state.world.adapter(end).results.empty()) steps.push_back(step_of(StepKind::poll, end));
  for (std::size_t i = 0; i < self.asked.size(); ++i) {
    steps.push_back(step_of(StepKind::register_memory, end, i));
    if (self.refusals != 0) steps.push_back(step_of(StepKind::refuse_memory, end, i));
  }
}

void SdpModel::append_optional_steps_of(const State& state, std::size_t end, bool stuck,
                                        std::vector<Step>& steps) const {
  const EndState& self = state.ends[end];
  bool all_released = true;
  for (std::size_t op = 0; op < self.ops.size(); ++op) {
    all_released &= self.ops[op].fate == Op::Fate::released;
    if (self.cancels == 0 || self.ops[op].fate != Op::Fate::lent || self.ops[op].cancelled) continue;
    steps.push_back(step_of(StepKind::cancel, end, op));
  }
  const bool over = self.closed && all_released;
  for (std::size_t i = 0; i < scenario_.applications[end].mode_changes.size(); ++i) {
    if (self.mode_changes != 0 && !over) steps.push_back(step_of(StepKind::change_mode, end, i));
  }
  const MonotonicNs deadline = self.machine.next_deadline();
  if (stuck && deadline != INT64_MAX) steps.push_back(step_of(StepKind::time, end, 0));
  if (!stuck && deadline < far_away && self.hurries != 0) steps.push_back(step_of(StepKind::time, end, 1));
}

}  // namespace xover::explore
