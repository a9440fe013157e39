// Events: what applications, the world and the time do.
#include "tests/explore/execution.h"

#include <algorithm>
#include <array>

#include "tests/explore/story.h"

namespace xover::explore {

Place place_of(std::uint64_t address) {
  Place place;
  place.area = static_cast<Area>(address / area_bytes - 1);
  place.index = address % area_bytes / place_bytes;
  place.offset = static_cast<std::uint32_t>(address % place_bytes);
  return place;
}

std::string Execution::take(Step step) {
  const auto kind = static_cast<StepKind>(step.kind);
  EndState& end = state_.ends[step.end];
  if (story_ != nullptr) story_->push_back(describe_step(state_, step));
  switch (kind) {
    case StepKind::submit:
    case StepKind::offer:
    case StepKind::shutdown:
    case StepKind::cancel:
    case StepKind::change_mode: application(step); break;
    case StepKind::register_memory:
    case StepKind::refuse_memory: answer_registration(step.end, step.which, kind == StepKind::register_memory); break;
    case StepKind::poll: {
      std::array<WorkResult, 1> one;
      if (state_.world.poll(step.end, one) == 1) deliver(step.end, one[0]);
      break;
    }
    case StepKind::time:
      if (step.which != 0) --end.hurries;
      end.now = std::max(end.now, end.machine.next_deadline());
      end.machine.tick(end.now);
      break;
    case StepKind::world: world(step); break;
  }
  pump(step.end);
  if (!scenario_.polls_later) poll_all();
  check_ends();
  return problem_;
}

void Execution::application(Step step) {
  EndState& end = state_.ends[step.end];
  const Application& application = scenario_.applications[step.end];
  switch (static_cast<StepKind>(step.kind)) {
    case StepKind::submit:
      end.ops[step.which].fate = Op::Fate::lent;
      if (!end.machine.submit(step.which, segments_[step.end][step.which])) wrong("an op was not accepted");
      break;
    case StepKind::offer: {
      Offered& offered = end.offered[step.which];
      offered.lent = true;
      end.next_offer = (end.next_offer + 1) % end.offered.size();
      offered.bytes.assign(application.receive_bytes[step.which], std::byte{0});
      auto* data = reinterpret_cast<std::byte*>(address_of(Area::receive, step.which));
      if (!end.machine.offer(step.which, data, offered.bytes.size())) wrong("a receive was not accepted");
      break;
    }
    case StepKind::shutdown:
      end.shut_down = true;
      end.machine.shutdown();
      break;
    case StepKind::cancel:
      if (end.machine.cancel(step.which)) {
        end.ops[step.which].cancelled = true;
        --end.cancels;
      }
      break;
    default: {
      const ModeChange& change = application.mode_changes[step.which];
      if (end.machine.change_mode(change.send_half, change.mode)) --end.mode_changes;
    }
  }
}

void Execution::answer_registration(std::size_t end, std::size_t which, bool granted) {
  EndState& self = state_.ends[end];
  const sdp::Ticket ticket = self.asked[which];
  self.asked.erase(self.asked.begin() + static_cast<std::ptrdiff_t>(which));
  if (granted) return grant(end, ticket);
  --self.refusals;
  self.registrations[ticket] = {};
  self.machine.refused(ticket, Failure{.code = ErrorCode::no_memory, .operation = "register"});
}

void Execution::grant(std::size_t end, sdp::Ticket ticket) {
  EndState& self = state_.ends[end];
  Registration& registration = self.registrations[ticket];
  const RemoteAccess access = registration.what.access == sdp::Access::peer_reads    ? RemoteAccess::read
                              : registration.what.access == sdp::Access::peer_writes ? RemoteAccess::write
                                                                                     : RemoteAccess::none;
  const auto key = state_.world.register_memory(end, reinterpret_cast<std::uint64_t>(registration.what.data),
                                                registration.what.size_bytes, access);
  registration.fate = Registration::Fate::held;
  registration.key = key.value();
  self.machine.registered(ticket, registration.key);
}

void Execution::world(Step step) {
  const Choice choice{static_cast<Choice::Kind>(step.which), step.end};
  if (choice.kind == Choice::Kind::retry) return wrong("a message finds the peer without a receive");
  const WorldRequest& request = state_.world.queue_pair(step.end).requests[*state_.world.subject(choice)];
  const std::size_t peer = 1 - std::size_t{step.end};
  const bool reads = choice.kind == Choice::Kind::sample;
  if (choice.kind == Choice::Kind::arrive && request.work == Work::send) {
    state_.ends[peer].news_of_reads.push_back(request.immediate);
  }
  if (reads) note_read(step.end, request.remote.key);
  state_.world.take(choice, *this);
  // A read that takes the bytes late ends at once: when it took them makes a difference to the peer's memory alone, and
  // later is worse.
  const Choice result{Choice::Kind::complete, step.end};
  if (reads && ok() && state_.world.possible(result)) state_.world.take(result, *this);
  finish_sends(step.end);
}

void Execution::note_read(std::size_t end, std::uint32_t key) {
  ++state_.ends[end].reads_ended;
  for (Registration& registration : state_.ends[1 - end].registrations) {
    if (registration.fate == Registration::Fate::held && registration.key == key) {
      registration.last_read = state_.ends[end].reads_ended;
    }
  }
}

// That the send of a message has ended tells its end only that the stage is free. There are as many stages as the peer
// has receives, so that nobody waits for that, and it is no step of its own.
void Execution::finish_sends(std::size_t end) {
  const auto& requests = state_.world.queue_pair(end).requests;
  while (ok() && !requests.empty() && requests.front().executed && requests.front().work == Work::send &&
         requests.front().status == WorkStatus::success) {
    state_.world.take({Choice::Kind::complete, static_cast<std::uint16_t>(end)}, *this);
  }
}

void Execution::poll_all() {
  for (std::size_t end = 0; end < 2; ++end) {
    std::array<WorkResult, 1> one;
    while (ok() && state_.world.poll(end, one) == 1) {
      deliver(end, one[0]);
      pump(end);
    }
  }
}

void Execution::deliver(std::size_t end, const WorkResult& result) {
  EndState& self = state_.ends[end];
  if (result.status != WorkStatus::success) {
    return wrong(name_of_end(end) + "'s request failed: " + describe_status(result.status));
  }
  switch (result.work) {
    case Work::send: return self.machine.sends_finished();
    case Work::read: return self.machine.read_finished();
    case Work::receive: return receive(end, static_cast<std::uint16_t>(result.id), result.bytes);
    default: return self.machine.write_finished();
  }
}

void Execution::receive(std::size_t end, std::uint16_t slot, std::uint32_t size_bytes) {
  EndState& self = state_.ends[end];
  auto& bytes = self.slots[slot];
  bytes.resize(size_bytes);
  self.slot_held[slot] = true;
  self.known_reads = self.news_of_reads.front();
  self.news_of_reads.erase(self.news_of_reads.begin());
  sdp::Message message;
  if (sdp::parse(bytes, message) != sdp::Malformed::none) return wrong("a malformed message");
  tell("  ", name_of_end(end), " receives ", describe_message(message));
  self.limit = message.acknowledged + message.buffers;
  self.received = message.sequence;
  self.machine.received(slot, std::span<const std::byte>(bytes));
  std::fill_n(bytes.begin(), sdp::head_bytes(message.kind), std::byte{0});  // nothing that the future depends on
}

void Execution::check_ends() {
  for (std::size_t end = 0; end < 2 && ok(); ++end) {
    if (state_.world.queue_pair(end).ending != WorldEnding::none) {
      wrong("the connection has ended at " + name_of_end(end));
    }
    check_counts(end);
    check_registrations(end);
  }
  const auto& [a, b] = state_.ends;
  const auto idle = [this](std::size_t end) {
    return state_.world.queue_pair(end).requests.empty() && state_.world.adapter(end).results.empty();
  };
  if (ok() && a.machine.quiet() && b.machine.quiet() && idle(0) && idle(1)) {
    if (a.machine.source_non_discards() != b.machine.sink_non_discards() ||
        b.machine.source_non_discards() != a.machine.sink_non_discards()) {
      wrong("NonDiscards differ when nothing is under way");
    }
  }
}

// Nothing stays registered that is the application's again. What was asked for may still be under way.
void Execution::check_registrations(std::size_t end) {
  for (const Registration& registration : state_.ends[end].registrations) {
    if (registration.fate != Registration::Fate::held) continue;
    if (!lent(end, reinterpret_cast<std::uint64_t>(registration.what.data), registration.what.size_bytes)) {
      wrong(name_of_end(end) + " gave memory back that is still registered");
    }
  }
}

void Execution::check_counts(std::size_t end) {
  const EndState& self = state_.ends[end];
  const sdp::Statistics& counted = self.machine.statistics();
  const std::uint64_t sources_ended =
      counted.adverts_read + counted.adverts_cancelled + counted.adverts_sent_small + counted.adverts_crossed;
  if (sources_ended + self.machine.source_adverts() != self.source_adverts) {
    wrong(name_of_end(end) + " advertised " + std::to_string(self.source_adverts) + " sources, of which " +
          std::to_string(sources_ended) + " have ended and " + std::to_string(self.machine.source_adverts()) +
          " have not");
  }
  const std::uint64_t sinks_ended =
      counted.sink_adverts_written + counted.sink_adverts_copied + counted.sink_adverts_withdrawn;
  if (sinks_ended + self.machine.sink_adverts() != self.sink_adverts) {
    wrong(name_of_end(end) + " advertised " + std::to_string(self.sink_adverts) + " sinks, of which " +
          std::to_string(sinks_ended) + " have ended and " + std::to_string(self.machine.sink_adverts()) + " have not");
  }
}

}  // namespace xover::explore
