// The rig: executes what the machines ask for, with real memory, and watches over what it is asked.
#include "tests/unit/sdp_machine_rig.h"

#include <algorithm>
#include <cstring>

namespace xover::sdp {

std::byte stream_byte(std::uint64_t position) { return static_cast<std::byte>((position * 0x9e3779b97f4a7c15u) >> 56); }

Settings rig_settings(Way way) {
  Settings settings;
  settings.way = way;
  settings.own = settings.peer = {.max_adverts = 4, .receives = 8, .receive_bytes = 256};
  settings.depth = 8;
  settings.max_offered = 8;
  settings.stages = 8;
  settings.max_reads = 4;
  settings.max_writes = 4;
  settings.source_threshold_bytes = settings.sink_threshold_bytes = 200;
  settings.chunk_bytes = 1000;
  settings.copy_bytes = 100;
  settings.read_stage_bytes = 300;
  settings.combined_bytes = 16;
  return settings;
}

RigEnd::RigEnd(const Settings& settings)
    : machine(settings),
      settings_(settings),
      slots_(settings.own.receives, std::vector<std::byte>(settings.own.receive_bytes)),
      read_stage_(settings.read_stage_bytes) {
  for (std::uint16_t slot = 0; slot < settings.own.receives; ++slot) posted_.push_back(slot);
}

bool RigEnd::try_send(std::size_t size_bytes) {
  const Token before = next_token_;
  send(size_bytes);
  return next_token_ != before;
}

Token RigEnd::send(std::size_t size_bytes, std::size_t segment_bytes) {
  std::vector<std::byte>& bytes = memory_.emplace_back(size_bytes);
  for (std::size_t i = 0; i < size_bytes; ++i) bytes[i] = stream_byte(stream_end + i);
  std::vector<Segment>& segments = segments_.emplace_back();
  for (std::size_t at = 0; at < size_bytes; at += segment_bytes) {
    segments.push_back({bytes.data() + at, std::min(segment_bytes, size_bytes - at)});
    if (segment_bytes == SIZE_MAX) break;
  }
  if (!machine.submit(next_token_, segments)) return 0;
  stream_end += size_bytes;
  const Token token = next_token_++;
  pump();
  return token;
}

Token RigEnd::offer(std::size_t size_bytes) {
  std::vector<std::byte>& bytes = memory_.emplace_back(size_bytes);
  if (!machine.offer(next_token_, bytes.data(), size_bytes)) return 0;
  offered_[next_token_] = bytes.data();
  const Token token = next_token_++;
  pump();
  return token;
}

void RigEnd::pump() {
  bool more = true;
  for (int rounds = 0; more; ++rounds) {
    ASSERT_LT(rounds, 10000) << "the machine never has enough";
    Actions actions;
    more = machine.pump(actions) || !actions.empty();
    for (const Action& action : actions) execute(action);
  }
}

void RigEnd::execute(const Action& action) {
  std::visit([this](const auto& one) { execute_one(one); }, action);
}

void RigEnd::append_payload(const Gather& payload) {
  const Segment* segment = payload.segments;
  std::uint64_t offset = payload.offset;
  for (std::uint32_t left = payload.size_bytes; left > 0; ++segment, offset = 0) {
    if (offset >= segment->size_bytes) {
      ADD_FAILURE_AT(__FILE__, __LINE__) << "a payload that begins outside its segment";
      return;
    }
    const auto size_bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, segment->size_bytes - offset));
    payload_.insert(payload_.end(), segment->data + offset, segment->data + offset + size_bytes);
    left -= size_bytes;
  }
}

void RigEnd::execute_one(const PostMessage& post) {
  append_payload(post.payload);
  EXPECT_EQ(payload_.size(), post.message.payload_bytes);
  std::vector<std::byte> bytes(most_head_bytes);
  bytes.resize(encode(post.message, bytes.data()));
  bytes.insert(bytes.end(), payload_.begin(), payload_.end());
  payload_.clear();
  EXPECT_LE(bytes.size(), settings_.peer.receive_bytes);
  said.push_back(post.message);
  if (aborted) return;
  wire_.emplace_back(std::move(bytes));
  if (hold_sends) return;
  machine.sends_finished();
  ++ends_told;
}

const RigEnd::Place* RigEnd::place_of_key(std::uint32_t key) const {
  for (const auto& [ticket, place] : places_) {
    if (place.remote_key == key) return &place;
  }
  return nullptr;
}

void RigEnd::execute_one(const PostRead& read) {
  reads_.push_back(read);
  if (!hold_reads) finish_read();
}

bool RigEnd::finish_read() {
  if (reads_.empty()) return false;
  const PostRead read = reads_.front();
  reads_.pop_front();
  const auto* from = reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(read.address));
  const Place* remote = peer->place_of_key(read.key);
  const bool reachable = remote != nullptr && !peer->aborted && !aborted && remote->access == Access::peer_reads &&
                         from >= remote->data && from + read.size_bytes <= remote->data + remote->size_bytes;
  EXPECT_TRUE(reachable || aborted || peer->aborted) << "a read of memory that is not registered";
  if (!reachable) {
    machine.flushed_read();
    return true;
  }
  std::byte* to = read.ticket == no_ticket ? read_stage_.data() : read.to;
  if (read.ticket != no_ticket) {
    EXPECT_TRUE(places_.count(read.ticket) == 1 && to >= places_[read.ticket].data &&
                to + read.size_bytes <= places_[read.ticket].data + places_[read.ticket].size_bytes)
        << "a read to memory that is not registered";
  } else {
    EXPECT_LE(read.size_bytes, read_stage_.size());
  }
  std::memcpy(to, from, read.size_bytes);
  machine.read_finished();
  return true;
}

void RigEnd::execute_one(const PostWrite& write) {
  EXPECT_EQ(places_.count(write.ticket), 1u) << "a write from memory that is not registered";
  wire_.emplace_back(WireWrite{write, {write.from, write.from + write.size_bytes}});
  if (!hold_sends) machine.write_finished();
}

void RigEnd::execute_one(const Register& request) {
  EXPECT_EQ(places_.count(request.ticket), 0u) << "a ticket that is in use";
  EXPECT_LT(request.ticket, tickets(settings_));
  if (hold_registrations) {
    unanswered_.push_back(request);
  } else {
    answer(request);
  }
}

void RigEnd::answer(const Register& request) {
  if (refuse_registration == -1 || (refuse_registration > 0 && --refuse_registration == 0)) {
    machine.refused(request.ticket, {ErrorCode::no_memory, 12, "register"});
    return;
  }
  ++registered_ever;
  places_[request.ticket] = {request.data, request.size_bytes, request.access, next_key_};
  machine.registered(request.ticket, next_key_++);
}

void RigEnd::answer_registrations() {
  while (!unanswered_.empty()) {
    const Register request = unanswered_.front();
    unanswered_.pop_front();
    answer(request);
  }
  pump();
}

void RigEnd::execute_one(const Release& release) {
  EXPECT_EQ(places_.erase(release.ticket), 1u) << "a release of what is not registered";
}

void RigEnd::execute_one(const Copy& copy) {
  const auto& from = copy.from_read_stage ? read_stage_ : slots_[copy.slot];
  ASSERT_LE(copy.offset + copy.size_bytes, from.size());
  std::memcpy(copy.to, from.data() + copy.offset, copy.size_bytes);
}

void RigEnd::execute_one(const PostReceive& post) {
  EXPECT_EQ(std::count(posted_.begin(), posted_.end(), post.slot), 0);
  posted_.push_back(post.slot);
}

void RigEnd::execute_one(const CompleteSend& complete) {
  if (complete.moments.has(Moment::sent)) {
    EXPECT_EQ(std::count(sent_moments.begin(), sent_moments.end(), complete.token), 0) << "sent twice";
    sent_moments.push_back(complete.token);
  }
  if (!complete.moments.has(Moment::released)) return;
  EXPECT_TRUE(releases.emplace(complete.token, complete).second) << "released twice";
}

void RigEnd::execute_one(const CompleteReceive& complete) {
  const auto offered = offered_.find(complete.token);
  ASSERT_NE(offered, offered_.end()) << "completed twice, or never offered";
  arrived.insert(arrived.end(), offered->second, offered->second + complete.bytes);
  offered_.erase(offered);
  receives.push_back(complete);
}

void RigEnd::execute_one(const Closed& close) {
  EXPECT_FALSE(closed) << "closed twice";
  closed = close.failure;
}

void RigEnd::execute_one(const Abort&) { aborted = true; }

const CompleteSend* RigEnd::released(Token token) const {
  const auto found = releases.find(token);
  return found == releases.end() ? nullptr : &found->second;
}

void RigEnd::receive(const std::vector<std::byte>& message) {
  if (aborted) return;
  ASSERT_FALSE(posted_.empty()) << "receiver not ready";
  const std::uint16_t slot = posted_.front();
  posted_.pop_front();
  std::copy(message.begin(), message.end(), slots_[slot].begin());
  machine.received(slot, std::span(slots_[slot]).first(message.size()));
}

void RigEnd::deliver_bytes(const std::vector<std::byte>& bytes) {
  receive(bytes);
  pump();
}

bool RigEnd::deliver_one() {
  if (peer->wire_.empty()) return false;
  const OnTheWay next = peer->wire_.front();
  peer->wire_.pop_front();
  if (const auto* message = std::get_if<std::vector<std::byte>>(&next)) {
    receive(*message);
  } else {
    const auto& [write, bytes] = std::get<WireWrite>(next);
    auto* to = reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(write.address));
    const Place* place = place_of_key(write.key);
    const bool reachable = place != nullptr && place->access == Access::peer_writes && to >= place->data &&
                           to + bytes.size() <= place->data + place->size_bytes;
    EXPECT_TRUE(reachable || aborted || peer->aborted) << "a write to memory that is not registered";
    if (reachable && !aborted) std::memcpy(to, bytes.data(), bytes.size());
  }
  pump();
  return true;
}

void RigEnd::deliver_all() {
  while (deliver_one()) {
  }
}

Rig::Rig(const Settings& a_settings, const Settings& b_settings) : a(a_settings), b(b_settings) {
  a.peer = &b;
  b.peer = &a;
}

bool Rig::settle(int most_rounds) {
  for (int rounds = 0; rounds < most_rounds; ++rounds) {
    a.pump();
    b.pump();
    const bool moved = a.deliver_one() | b.deliver_one();
    const bool read = (!a.hold_reads && a.finish_read()) | (!b.hold_reads && b.finish_read());
    if (!moved && !read) return true;
  }
  return false;
}

void Rig::expect_stream(RigEnd& from, RigEnd& to) {
  ASSERT_EQ(to.arrived.size(), from.stream_end);
  for (std::size_t i = 0; i < to.arrived.size(); ++i) {
    ASSERT_EQ(to.arrived[i], stream_byte(i)) << "at byte " << i;
  }
}

void Rig::expect_quiet() {
  for (RigEnd* end : {&a, &b}) {
    EXPECT_TRUE(end->machine.quiet() || !end->machine.failure().operation[0]);
    EXPECT_EQ(end->registrations(), 0u);
    EXPECT_FALSE(end->machine.failed()) << end->machine.failure().operation;
  }
  EXPECT_EQ(a.machine.source_non_discards(), b.machine.sink_non_discards());
  EXPECT_EQ(b.machine.source_non_discards(), a.machine.sink_non_discards());
}

}  // namespace xover::sdp
