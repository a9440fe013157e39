// One function for each action. Small copies are not timed: the clock would cost as much as they do.
#include "transports/sdp/sdp_executor.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace xover {

namespace {

constexpr std::uint64_t receive_mark = std::uint64_t{1} << 63;  // in the id of a request: a receive, of this slot
constexpr std::size_t least_timed_copy_bytes = 1024;
constexpr std::size_t most_pieces = 32;  // of one message; more are put together first

}  // namespace

SdpExecutor::~SdpExecutor() {
  end(false);
  queue_pair_.reset();
  for (auto& place : places_) release(place);
}

// --- control plane

Result<void> SdpExecutor::allocate() {
  if (receives_.count() != 0) return {};
  Fabric& fabric = shared_.fabric;
  const SdpSettings& settings = shared_.settings;
  const std::size_t message_bytes = settings.message_bytes();
  const auto take = [](PrivateBuffers& into, Result<PrivateBuffers> made) -> Result<void> {
    if (!made) return tl::make_unexpected(std::move(made.error()));
    into = std::move(*made);
    return {};
  };
  all_inline_ = fabric.limits().max_inline_bytes >= message_bytes;
  if (auto made = take(receives_, PrivateBuffers::allocate(fabric, settings.receives, message_bytes)); !made)
    return made;
  if (!all_inline_) {
    auto made = take(stages_, PrivateBuffers::allocate(fabric, settings.stages, message_bytes));
    if (!made) return made;
  }
  if (auto made = take(read_stage_, PrivateBuffers::allocate(fabric, 1, settings.stage_bytes)); !made) return made;
  scratch_ = std::make_unique<std::byte[]>(message_bytes);
  pieces_.resize(std::min(most_pieces, fabric.limits().max_pieces));
  return {};
}

Result<void> SdpExecutor::post_receives(QueuePair& queue_pair) {
  for (std::size_t slot = 0; slot < receives_.count(); ++slot) {
    const LocalPiece piece = receives_.piece(slot, receives_.each_bytes());
    if (queue_pair.post_receive(receive_mark | slot, piece) != Posted::ok) {
      return make_error(ErrorCode::internal, "sdp: post receives", "buffer " + std::to_string(slot));
    }
  }
  return {};
}

void SdpExecutor::start(std::unique_ptr<QueuePair> queue_pair, sdp::Machine& machine) {
  const sdp::Settings& settings = machine.settings();
  queue_pair_ = std::move(queue_pair);
  machine_ = &machine;
  requests_.emplace(std::size_t{settings.stages} + settings.max_reads + settings.max_writes, settings.stages);
  const std::size_t adverts = std::size_t{settings.own.max_adverts} + settings.peer.max_adverts;
  adverts_.emplace(shared_.account, adverts, adverts);
  places_.resize(sdp::tickets(settings));
}

void SdpExecutor::end(bool in_order) noexcept {
  if (!queue_pair_ || std::exchange(ended_, true)) return;
  in_order ? queue_pair_->disconnect() : queue_pair_->fail();
}

// --- results

void SdpExecutor::take(const WorkResult& result) noexcept {
  const bool fine = result.status == WorkStatus::success;
  if (result.work == Work::receive) {
    fine ? take_message(static_cast<std::uint16_t>(result.id & ~receive_mark), result.bytes) : lost();
    return;
  }
  std::size_t messages = 0;
  requests_->answered(result.id, [&](const RequestQueue::Request& request) {
    if (request.work == Work::send) {
      ++messages;
      return;
    }
    const bool read = request.work == Work::read;
    if (!fine) return read ? machine_->flushed_read() : machine_->flushed_write();
    last_moved_at_ = shared_.account.add_since(TransferPhase::wire, request.posted_at);
    read ? machine_->read_finished() : machine_->write_finished();
  });
  if (messages != 0) machine_->sends_finished(messages);
  if (!fine) lost();
}

void SdpExecutor::lost() noexcept {
  told_machine_ = true;
  if (std::exchange(lost_, true)) return;
  Failure why = queue_pair_->failure();
  if (!why) why = {ErrorCode::peer_died, 0, "queue pair"};
  machine_->lost(why);
}

void SdpExecutor::take_message(std::uint16_t slot, std::size_t size_bytes) noexcept {
  const std::span<const std::byte> bytes(receives_.data(slot), size_bytes);
  sdp::Message message;
  if (sdp::parse(bytes, message) != sdp::Malformed::none) return machine_->received(slot, bytes);
  if (shared_.account.on()) note_received(message);
  machine_->received(slot, message);
}

void SdpExecutor::note_received(const sdp::Message& message) noexcept {
  using sdp::Kind;
  switch (message.kind) {
    case Kind::source_available:
    case Kind::sink_available: return adverts_->arrived(message.address, shared_.account.now());
    case Kind::read_completed: return adverts_->read_by_peer(message.bytes, shared_.account.now());
    case Kind::write_completed: return adverts_->written_by_peer(shared_.account.now());
    case Kind::send_small:
    case Kind::sink_cancelled: return adverts_->taken_back();
    default: return;
  }
}

// --- posts

// The pieces of the payload behind the first, which is the head. Sets no more than there is room for.
void SdpExecutor::gather(const sdp::Gather& payload) noexcept {
  const Segment* segment = payload.segments;
  std::uint64_t offset = payload.offset;
  for (std::size_t left = payload.size_bytes; left != 0 && piece_count_ < pieces_.size(); ++segment, offset = 0) {
    const std::size_t run = std::min<std::uint64_t>(left, segment->size_bytes - offset);
    if (run == 0) continue;
    pieces_[piece_count_++] = {segment->data + offset, static_cast<std::uint32_t>(run), 0};
    left -= run;
  }
}

// Returns how many bytes.
std::size_t SdpExecutor::stage(std::byte* to, const sdp::Gather& payload) noexcept {
  const Segment* segment = payload.segments;
  std::uint64_t offset = payload.offset;
  for (std::size_t left = payload.size_bytes; left != 0; ++segment, offset = 0) {
    const std::size_t run = std::min<std::uint64_t>(left, segment->size_bytes - offset);
    counted_copy(ledger_, to, segment->data + offset, run);
    to += run;
    left -= run;
  }
  return payload.size_bytes;
}

void SdpExecutor::execute(const sdp::Carry& action) noexcept { payload_[payload_runs_++] = action.payload; }

void SdpExecutor::execute(const sdp::PostMessage& action) noexcept {
  const std::size_t payload_bytes = action.message.payload_bytes;
  payload_[payload_runs_++] = action.payload;
  const std::span<const sdp::Gather> payload(payload_.data(), std::exchange(payload_runs_, 0));
  const bool timed = payload_bytes >= least_timed_copy_bytes && shared_.account.on();
  const AccountTime begin = timed ? shared_.account.now() : 0;
  std::array<std::byte, sdp::most_head_bytes> head;
  const std::size_t head_size = sdp::encode(action.message, head.data());
  const bool small = head_size + payload_bytes <= shared_.fabric.limits().max_inline_bytes;
  WorkRequest request;
  request.inline_data = all_inline_ || small;
  request.signalled = requests_->signals_next_message(signal_all_);
  pieces_[0] = {head.data(), static_cast<std::uint32_t>(head_size), 0};
  piece_count_ = 1;
  if (payload_bytes != 0) queue_pair_->spend_copy(payload_bytes);
  if (request.inline_data) {
    for (const sdp::Gather& run : payload) gather(run);
  }
  std::size_t gathered = 0;
  for (std::size_t i = 0; i < piece_count_; ++i) gathered += pieces_[i].size_bytes;
  if (!request.inline_data || gathered != head_size + payload_bytes) {
    std::byte* const to = request.inline_data ? scratch_.get() : stages_.data(action.stage);
    std::copy_n(head.data(), head_size, to);
    std::size_t size = head_size;
    for (const sdp::Gather& run : payload) size += stage(to + size, run);
    pieces_[0] = {to, static_cast<std::uint32_t>(size), 0};
    if (!request.inline_data) pieces_[0] = stages_.piece(action.stage, size);
    piece_count_ = 1;
  }
  // The post itself copies.
  if (request.inline_data) ledger_.user_copied_bytes += payload_bytes;
  request.pieces = std::span(pieces_).first(piece_count_);
  post(request);
  if (timed) shared_.account.add_since(TransferPhase::copy, begin);
  if (shared_.account.on()) note_posted(action.message);
}

void SdpExecutor::note_posted(const sdp::Message& message) noexcept {
  using sdp::Kind;
  switch (message.kind) {
    case Kind::source_available: return adverts_->posted(message.bytes - message.payload_bytes, shared_.account.now());
    case Kind::sink_available: return adverts_->posted(message.bytes, shared_.account.now());
    case Kind::read_completed:
    case Kind::write_completed:
      if (last_moved_at_ != 0) shared_.account.add_since(TransferPhase::completion_message, last_moved_at_);
      last_moved_at_ = 0;
      if (message.kind == Kind::read_completed) shared_.account.count_transfer();
      return;
    default: return;
  }
}

void SdpExecutor::execute(const sdp::PostRead& action) noexcept {
  WorkRequest request;
  request.work = Work::read;
  pieces_[0] = read_stage_.piece(0, 0);
  if (action.ticket != sdp::no_ticket) {
    pieces_[0].data = action.to;
    pieces_[0].key = places_[action.ticket]->key;
  }
  pieces_[0].size_bytes = action.size_bytes;
  request.pieces = std::span(pieces_).first(1);
  request.remote = {action.address, action.key};
  if (!post(request)) return machine_->flushed_read();
  ++shared_.counters.reads;
}

void SdpExecutor::execute(const sdp::PostWrite& action) noexcept {
  WorkRequest request;
  request.work = Work::write;
  // A fabric only reads what is written elsewhere.
  pieces_[0] = {const_cast<std::byte*>(action.from), action.size_bytes, places_[action.ticket]->key};
  request.pieces = std::span(pieces_).first(1);
  request.remote = {action.address, action.key};
  if (!post(request)) return machine_->flushed_write();
  ++shared_.counters.writes;
}

// The machine never has more outstanding than the fabric was told to make room for.
bool SdpExecutor::post(WorkRequest& request) noexcept {
  RequestQueue::Request asked{request.work, 0};
  if (request.work != Work::send && shared_.account.on()) {
    asked.posted_at = shared_.account.now();
    adverts_->begun(request.remote.address, asked.posted_at);
  }
  request.id = requests_->next_id();
  const Posted posted = queue_pair_->post(request);
  assert(posted != Posted::full);
  if (posted == Posted::ok) {
    requests_->push(asked);
    return true;
  }
  if (posted == Posted::full) queue_pair_->fail();
  lost();
  return false;
}

void SdpExecutor::execute(const sdp::PostReceive& action) noexcept {
  const LocalPiece piece = receives_.piece(action.slot, receives_.each_bytes());
  if (queue_pair_->post_receive(receive_mark | action.slot, piece) != Posted::ok) lost();
}

void SdpExecutor::execute(const sdp::Abort&) noexcept { queue_pair_->fail(); }

// --- memory

void SdpExecutor::execute(const sdp::Register& action) noexcept {
  told_machine_ = true;
  // A peer that goes another way than sdp.bcopy.
  if (!shared_.memory) return machine_->refused(action.ticket, {ErrorCode::unsupported, 0, "register"});
  const RegistrationCounters& counters = shared_.memory->cache().counters();
  const std::uint64_t misses = counters.misses;
  const AccountTime begin = shared_.account.now();
  const auto place = shared_.memory->place({action.data, action.size_bytes});
  const bool known = counters.misses == misses;
  shared_.account.add_since(known ? TransferPhase::lookup : TransferPhase::registration, begin);
  if (!place) return machine_->refused(action.ticket, place.error());
  assert(!places_[action.ticket]);
  places_[action.ticket] = *place;
  machine_->registered(action.ticket, place->remote_key);
}

void SdpExecutor::execute(const sdp::Release& action) noexcept {
  const AccountTime begin = shared_.account.now();
  release(places_[action.ticket]);
  shared_.account.add_since(TransferPhase::deregistration, begin);
}

void SdpExecutor::release(std::optional<RegisteredMemory::Place>& place) noexcept {
  if (!place) return;
  shared_.memory->release(*place);
  place.reset();
}

void SdpExecutor::execute(const sdp::Copy& action) noexcept {
  const bool timed = action.size_bytes >= least_timed_copy_bytes && shared_.account.on();
  const AccountTime begin = timed ? shared_.account.now() : 0;
  const std::byte* const from = action.from_read_stage ? read_stage_.data(0) : receives_.data(action.slot);
  counted_copy(ledger_, action.to, from + action.offset, action.size_bytes);
  queue_pair_->spend_copy(action.size_bytes);
  if (timed) shared_.account.add_since(TransferPhase::copy, begin);
}

}  // namespace xover
