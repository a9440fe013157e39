// Steps and messages as text.
#include "tests/explore/story.h"

namespace xover::explore {

std::string describe_message(const sdp::Message& message) {
  std::string text(sdp::to_string(message.kind));
  if (message.payload_bytes != 0) text += ", payload " + std::to_string(message.payload_bytes);
  if (message.bytes != 0) text += ", of " + std::to_string(message.bytes);
  if (message.kind == sdp::Kind::sink_available) text += ", NonDiscards " + std::to_string(message.non_discards);
  if (message.kind == sdp::Kind::change_mode) {
    text += std::string(message.send_half ? ", send half " : ", receive half ") + std::string(to_string(message.mode));
  }
  return text + " [" + std::to_string(message.sequence) + ", ack " + std::to_string(message.acknowledged) + "+" +
         std::to_string(message.buffers) + "]";
}

std::string describe_status(WorkStatus status) {
  switch (status) {
    case WorkStatus::success: return "success";
    case WorkStatus::local_error: return "local error, by its own memory";
    case WorkStatus::remote_access_error: return "remote access error, by the peer's memory";
    case WorkStatus::flushed: return "flushed";
    default: return "the peer does not answer";
  }
}

namespace {

std::string describe_choice(const World& world, Choice choice) {
  const std::string owner = name_of_end(choice.queue_pair);
  if (choice.kind == Choice::Kind::notice) return owner + " notices that the peer has ended";
  const auto& requests = world.queue_pair(choice.queue_pair).requests;
  const auto place = world.subject(choice);
  const Work work = place ? requests[*place].work : Work::send;
  const std::string what = work == Work::read ? "read" : work == Work::write ? "write" : "message";
  switch (choice.kind) {
    case Choice::Kind::arrive: return owner + "'s oldest " + what + " arrives";
    case Choice::Kind::retry: return owner + "'s oldest message finds no receive";
    case Choice::Kind::sample: return owner + "'s oldest read takes the bytes";
    default: return owner + "'s oldest request, a " + what + ", has its result";
  }
}

}  // namespace

std::string describe_step(const ModelState& state, Step step) {
  const std::string end = name_of_end(step.end), which = std::to_string(step.which);
  switch (static_cast<StepKind>(step.kind)) {
    case StepKind::submit: return end + " submits op " + which;
    case StepKind::offer: return end + " offers receive " + which;
    case StepKind::shutdown: return end + " shuts its sending half down";
    case StepKind::cancel: return end + " cancels op " + which;
    case StepKind::change_mode: return end + " asks for mode change " + which;
    case StepKind::register_memory: return end + "'s registration " + which + " is granted";
    case StepKind::refuse_memory: return end + "'s registration " + which + " is refused";
    case StepKind::poll: return end + " polls a result";
    case StepKind::time: return "time passes for " + end;
    case StepKind::world: break;
  }
  return describe_choice(state.world, {static_cast<Choice::Kind>(step.which), step.end});
}

}  // namespace xover::explore
