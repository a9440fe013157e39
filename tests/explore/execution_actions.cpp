// Actions: what the machines ask for, done on the world, and what is wrong with it.
#include <algorithm>

#include "tests/explore/execution.h"
#include "tests/explore/story.h"

namespace xover::explore {

namespace {

// As line.h says it, said once more.
constexpr std::int32_t least_credits_for_data = 4;

std::uint64_t number_of(const void* address) { return reinterpret_cast<std::uint64_t>(address); }

}  // namespace

void Execution::pump(std::size_t end) {
  static thread_local sdp::Actions actions;
  sdp::Machine& machine = state_.ends[end].machine;
  for (int turns = 0; ok(); ++turns) {
    if (turns == 1000) return wrong(name_of_end(end) + " never stops wanting something");
    actions.clear();
    adverts_before_ = static_cast<std::uint32_t>(machine.source_adverts());
    const bool more = machine.pump(actions);
    for (const sdp::Action& action : actions) {
      if (ok()) std::visit([&](const auto& one) { execute(end, one); }, action);
    }
    if (more || !actions.empty()) continue;  // what was asked for may have been answered at once
    if (machine.next_deadline() != 0) return;
    machine.tick(state_.ends[end].now);
  }
}

void Execution::post(std::size_t end, WorldRequest request) {
  if (state_.world.post(end, std::move(request)) != Posted::ok) wrong(name_of_end(end) + " posts beyond its queue");
}

void Execution::execute(std::size_t end, const sdp::Carry& carry) { append_payload(end, carry.payload); }

void Execution::append_payload(std::size_t end, const sdp::Gather& payload) {
  const std::size_t before = payload_.size();
  payload_.resize(before + payload.size_bytes);
  std::span<std::byte> rest = std::span(payload_).subspan(before);
  std::uint64_t skipped = payload.offset;
  for (const Segment* segment = payload.segments; ok() && !rest.empty(); ++segment, skipped = 0) {
    const std::size_t here = std::min<std::size_t>(rest.size(), segment->size_bytes - skipped);
    read(end, number_of(segment->data) + skipped, rest.first(here));
    rest = rest.subspan(here);
  }
}

void Execution::execute(std::size_t end, const sdp::PostMessage& message) {
  tell("  ", name_of_end(end), " sends ", describe_message(message.message));
  check_line(end, message);
  for (const WorldRequest& request : state_.world.queue_pair(end).requests) {
    if (request.work == Work::send && request.id == message.stage) wrong("a stage is used again too early");
  }
  WorldRequest request{.id = message.stage, .work = Work::send, .inline_data = true};
  request.immediate = state_.ends[end].reads_ended;  // not sent: what the receiver can know by this message
  append_payload(end, message.payload);
  if (payload_.size() != message.message.payload_bytes) wrong("a message says another size than it has");
  request.bytes.resize(sdp::most_head_bytes);
  request.bytes.resize(sdp::encode(message.message, request.bytes.data()));
  request.bytes.insert(request.bytes.end(), payload_.begin(), payload_.end());
  payload_.clear();
  if (ok()) post(end, std::move(request));
}

// What leaves is looked at as somebody on the line would, who knows what each end has been told.
void Execution::check_line(std::size_t end, const sdp::PostMessage& post) {
  EndState& self = state_.ends[end];
  const sdp::Message& message = post.message;
  const auto credits = static_cast<std::int32_t>(self.limit - self.sent);
  const std::uint32_t granted = message.acknowledged + message.buffers;
  const bool carries = message.kind == sdp::Kind::data && message.payload_bytes != 0;
  const bool advert = message.kind == sdp::Kind::source_available || message.kind == sdp::Kind::sink_available;
  if (message.sequence != ++self.sent) wrong("a sequence number is not the next");
  if (credits < 1) wrong(name_of_end(end) + " sends without a credit");
  if (credits < least_credits_for_data && (carries || advert))
    wrong(name_of_end(end) + " sends data with " + std::to_string(credits) + " credits");
  if (credits == 1 && granted == self.told_limit) wrong(name_of_end(end) + " spends its last credit, and gives none");
  const auto posted = std::count(self.slot_held.begin(), self.slot_held.end(), false);
  if (static_cast<std::int32_t>(granted - self.received) > posted) {
    wrong(name_of_end(end) + " tells of more buffers than it has posted");
  }
  self.told_limit = granted;
  if (carries && adverts_before_ != 0) wrong(name_of_end(end) + " sends Data while a SrcAvail is outstanding");
  if (message.kind == sdp::Kind::source_available) {
    ++adverts_before_;
    ++self.source_adverts;
  }
  if (message.kind == sdp::Kind::sink_available) ++self.sink_adverts;
}

std::uint32_t Execution::key_of(std::size_t end, sdp::Ticket ticket) {
  const auto& registrations = state_.ends[end].registrations;
  if (ticket >= registrations.size() || registrations[ticket].fate != Registration::Fate::held) {
    wrong(name_of_end(end) + " uses a ticket that stands for nothing");
    return 0;
  }
  return registrations[ticket].key;
}

void Execution::execute(std::size_t end, const sdp::PostRead& read) {
  tell("  ", name_of_end(end), " reads ", std::to_string(read.size_bytes), " bytes");
  const bool to_stage = read.to == nullptr;
  const MemoryPiece piece{.address = to_stage ? address_of(Area::read_stage, 0) : number_of(read.to),
                          .size_bytes = read.size_bytes,
                          .key = to_stage ? state_.ends[end].read_stage_key : key_of(end, read.ticket)};
  WorldRequest request{.work = Work::read, .remote = {read.address, read.key}};
  request.pieces[request.piece_count++] = piece;
  if (ok()) post(end, std::move(request));
}

void Execution::execute(std::size_t end, const sdp::PostWrite& write) {
  tell("  ", name_of_end(end), " writes ", std::to_string(write.size_bytes), " bytes");
  WorldRequest request{.work = Work::write, .remote = {write.address, write.key}};
  request.pieces[request.piece_count++] = {number_of(write.from), write.size_bytes, key_of(end, write.ticket)};
  if (ok()) post(end, std::move(request));
}

void Execution::execute(std::size_t end, const sdp::Register& what) {
  EndState& self = state_.ends[end];
  tell("  ", name_of_end(end), " registers ", std::to_string(what.size_bytes), " bytes, ticket ",
       std::to_string(what.ticket));
  if (what.ticket >= self.registrations.size()) return wrong("a ticket beyond all tickets");
  Registration& registration = self.registrations[what.ticket];
  if (registration.fate != Registration::Fate::none) return wrong("a ticket is registered twice");
  if (!lent(end, number_of(what.data), what.size_bytes)) return wrong("memory is registered that is not lent");
  registration = {.fate = Registration::Fate::asked, .what = what};
  if (!scenario_.registers_later) return grant(end, what.ticket);
  self.asked.push_back(what.ticket);
}

void Execution::execute(std::size_t end, const sdp::Release& release) {
  tell("  ", name_of_end(end), " releases ticket ", std::to_string(release.ticket));
  const std::uint32_t key = key_of(end, release.ticket);
  if (ok()) check_unused(end, state_.ends[end].registrations[release.ticket]);
  if (!ok()) return;
  if (!state_.world.deregister(end, key)) wrong("a registration is released that the world does not know");
  state_.ends[end].registrations[release.ticket] = {};
}

// Nobody reads or writes there, now or in another order of what neither end knows of the other.
void Execution::check_unused(std::size_t end, const Registration& registration) {
  for (const WorldRequest& request : state_.world.queue_pair(end).requests) {
    if (request.work != Work::send && request.pieces[0].key == registration.key) {
      wrong(name_of_end(end) + " gives memory back that its own request uses");
    }
  }
  for (const WorldRequest& request : state_.world.queue_pair(1 - end).requests) {
    if (request.work != Work::send && !request.executed && request.remote.key == registration.key) {
      wrong(name_of_end(end) + " gives memory back while the peer's " +
            (request.work == Work::read ? "read" : "write") + " of it is under way");
    }
  }
  if (registration.last_read > state_.ends[end].known_reads) {
    wrong(name_of_end(end) + " gives memory back without knowing that the peer's read of it has ended");
  }
}

void Execution::execute(std::size_t end, const sdp::Copy& copy) {
  EndState& self = state_.ends[end];
  if (!copy.from_read_stage && !self.slot_held[copy.slot]) return wrong("a copy out of a buffer that holds nothing");
  std::vector<std::byte>& from = copy.from_read_stage ? self.read_stage : self.slots[copy.slot];
  if (copy.offset + copy.size_bytes > from.size()) return wrong("a copy from beyond what was received");
  const std::span<std::byte> bytes = std::span(from).subspan(copy.offset, copy.size_bytes);
  write(end, number_of(copy.to), bytes);
  std::fill(bytes.begin(), bytes.end(), std::byte{0});  // nobody looks there again
}

void Execution::execute(std::size_t end, const sdp::PostReceive& post) {
  EndState& self = state_.ends[end];
  if (!self.slot_held[post.slot]) return wrong("a receive buffer is posted twice");
  self.slot_held[post.slot] = false;
  self.slots[post.slot].assign(scenario_.settings[end].own.receive_bytes, std::byte{0});
  const WorldReceive receive{
      .id = post.slot,
      .piece = {address_of(Area::slot, post.slot), scenario_.settings[end].own.receive_bytes, self.slots_key}};
  if (state_.world.post_receive(end, receive) != Posted::ok) wrong("a receive is posted beyond the queue");
}

void Execution::execute(std::size_t end, const sdp::CompleteSend& complete) {
  tell("  ", name_of_end(end), " completes op ", std::to_string(complete.token), ", ", std::to_string(complete.bytes),
       " bytes", complete.moments.has(Moment::released) ? "" : " (sent)");
  Op& op = state_.ends[end].ops.at(complete.token);
  if (op.fate != Op::Fate::lent) return wrong("an op is completed twice");
  if (!complete.moments.has(Moment::released)) return;
  const std::uint32_t all = scenario_.applications[end].op_bytes[complete.token];
  op.fate = Op::Fate::released;
  op.went = static_cast<std::uint32_t>(complete.bytes);
  const ErrorCode code = complete.failure.code;
  if (code != ErrorCode::none && !(code == ErrorCode::cancelled && op.cancelled)) return wrong("an op has failed");
  if (complete.bytes > all || (code == ErrorCode::none && complete.bytes != all)) wrong("an op went in part");
  if (complete.copied_bytes > complete.bytes) wrong("more bytes of an op were copied than went");
}

void Execution::execute(std::size_t end, const sdp::CompleteReceive& complete) {
  tell("  ", name_of_end(end), " completes receive ", std::to_string(complete.token), ", ",
       std::to_string(complete.bytes), " bytes");
  EndState& self = state_.ends[end];
  Offered& offered = self.offered.at(complete.token);
  if (!offered.lent) return wrong("a receive is completed twice");
  if (complete.bytes > offered.bytes.size()) return wrong("a receive has more bytes than it holds");
  if (complete.bytes == 0 && !self.closed) return wrong("a receive is completed with nothing");
  for (std::size_t i = 0; i < complete.bytes && ok(); ++i) follow_stream(end, offered.bytes[i]);
  offered.lent = false;
  offered.bytes.clear();
}

// Ops arrive in order, each from its first byte on. How far each must have come is looked at in the end.
void Execution::follow_stream(std::size_t end, std::byte value) {
  EndState& self = state_.ends[end];
  const auto& sizes = scenario_.applications[1 - end].op_bytes;
  while (self.next_op < sizes.size()) {
    std::uint32_t& came = self.came[self.next_op];
    if (came < sizes[self.next_op] && payload_byte(self.next_op, came) == value) {
      ++came;
      return;
    }
    const bool may_be_short = state_.ends[1 - end].ops[self.next_op].cancelled;
    if (came < sizes[self.next_op] && !may_be_short) break;
    ++self.next_op;
  }
  wrong(name_of_end(end) +
        " received a byte that does not come next: " + std::to_string(std::to_integer<unsigned>(value)));
}

void Execution::execute(std::size_t end, const sdp::Closed& closed) {
  tell("  ", name_of_end(end), " has seen the end");
  EndState& self = state_.ends[end];
  if (self.closed) wrong("closed twice");
  self.closed = true;
  if (closed.failure) wrong(name_of_end(end) + " was closed by " + closed.failure.operation);
}

void Execution::execute(std::size_t end, const sdp::Abort& abort) {
  wrong(name_of_end(end) + " aborts: " + abort.reason.operation);
}

bool Execution::lent(std::size_t end, std::uint64_t address, std::uint64_t size_bytes) const {
  const EndState& self = state_.ends[end];
  const Place place = place_of(address);
  if (place.area == Area::op) {
    if (place.index >= self.ops.size() || self.ops[place.index].fate != Op::Fate::lent) return false;
    for (const Segment& segment : segments_[end][place.index]) {
      const std::uint64_t from = number_of(segment.data);
      if (address >= from && address + size_bytes <= from + segment.size_bytes) return true;
    }
    return false;
  }
  return place.area == Area::receive && place.index < self.offered.size() && self.offered[place.index].lent &&
         place.offset + size_bytes <= self.offered[place.index].bytes.size();
}

void Execution::read(std::size_t adapter, std::uint64_t address, std::span<std::byte> to) noexcept {
  const Place place = place_of(address);
  if (place.area != Area::op || !lent(adapter, address, to.size())) {
    return wrong("memory of " + name_of_end(adapter) + " is read that is not lent");
  }
  std::uint32_t offset = place.offset;
  if (offset >= second_segment) {
    offset = offset - second_segment + static_cast<std::uint32_t>(segments_[adapter][place.index][0].size_bytes);
  }
  for (std::byte& one : to) one = payload_byte(place.index, offset++);
}

void Execution::write(std::size_t adapter, std::uint64_t address, std::span<const std::byte> from) noexcept {
  EndState& self = state_.ends[adapter];
  const Place place = place_of(address);
  if (place.area == Area::slot) {
    std::copy(from.begin(), from.end(), self.slots[place.index].begin());
  } else if (place.area == Area::read_stage) {
    if (place.offset + from.size() > self.read_stage.size()) return wrong("a read beyond the read stage");
    std::copy(from.begin(), from.end(), self.read_stage.begin() + place.offset);
  } else if (place.area == Area::receive && lent(adapter, address, from.size())) {
    std::copy(from.begin(), from.end(), self.offered[place.index].bytes.begin() + place.offset);
  } else {
    wrong("memory of " + name_of_end(adapter) + " is written that is not lent");
  }
}

}  // namespace xover::explore
