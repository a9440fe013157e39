// Posting, results, and the end.
#include "transports/rdma/local/local_queue_pair.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <new>
#include <thread>
#include <utility>

namespace xover {

namespace {

// For a peer that was stopped in the middle of an operation: what is posted has to come back within abort_bound_ns.
constexpr MonotonicNs end_bound_ns = abort_bound_ns / 2;

}  // namespace

Result<std::unique_ptr<LocalQueuePair>> LocalQueuePair::create(LocalState& state, std::uint32_t index) {
  std::unique_ptr<LocalQueuePair> queue_pair(new LocalQueuePair(state, index));
  queue_pair->receive_slots_ =
      std::bit_ceil(static_cast<std::uint32_t>(std::max<std::size_t>(state.shape.max_receives, 2)));
  auto requests = SendQueue::create(state.shape, state.limits);
  if (!requests) return tl::make_unexpected(requests.error());
  queue_pair->requests_ = std::move(*requests);
  auto memory = SharedMemory::create("xover-end", EndPage::size_bytes(queue_pair->receive_slots_));
  if (!memory) return tl::make_unexpected(memory.error());
  new ((*memory)->data()) EndHeader;
  queue_pair->page_ = EndPage((*memory)->data(), queue_pair->receive_slots_);
  queue_pair->page_memory_ = std::move(*memory);
  queue_pair->receive_ids_.resize(queue_pair->receive_slots_);
  state.queue_pairs.push_back(queue_pair.get());
  return queue_pair;
}

LocalQueuePair::~LocalQueuePair() {
  fail();
  std::erase(state_.queue_pairs, this);
}

void LocalQueuePair::attach(MeetingLine line, LocalPeer peer) noexcept {
  line_ = std::move(line);
  peer_ = std::move(peer);
}

Posted LocalQueuePair::post_receive(std::uint64_t id, const LocalPiece& piece) noexcept {
  if (failure_) return Posted::failed;
  if (posted_ - taken_ == state_.shape.max_receives) return Posted::full;
  const SharedRegion* const region = state_.regions.find(piece);
  assert((region != nullptr || piece.size_bytes == 0) && "a receive needs a region that holds it");
  receive_ids_[posted_ & (receive_slots_ - 1)] = id;
  PostedReceive& receive = page_.receive(posted_);
  receive.size_bytes = region != nullptr ? piece.size_bytes : 0;
  receive.address = reinterpret_cast<std::uintptr_t>(piece.data);
  receive.memory = region != nullptr ? region->memory : no_memory_index;
  receive.turn.store(++posted_, std::memory_order_release);
  return Posted::ok;
}

Posted LocalQueuePair::post(const WorkRequest& request) noexcept {
  assert(request.pieces.size() <= state_.limits.max_pieces && request.work != Work::receive);
  if (failure_ || !peer_) return Posted::failed;
  look_if_due();
  if (failure_) return Posted::failed;
  if (requests_.full()) return Posted::full;
  const bool first = !requests_.waiting();
  QueuedRequest& queued = requests_.append(request);
  assert(queued.size_bytes <= state_.limits.max_message_bytes);
  assert(!request.inline_data || (queued.size_bytes <= state_.limits.max_inline_bytes && request.work != Work::read));
  if (first) {
    const Step step = run_first(request.pieces);
    if (step == Step::ended) return Posted::ok;
    if (step == Step::peer_has_ended) {
      requests_.drop_last();
      return Posted::failed;
    }
  }
  if (request.inline_data) state_.counters.staged_inline_bytes += queued.size_bytes;
  requests_.keep_pieces(request);
  return Posted::ok;
}

void LocalQueuePair::make_progress() noexcept {
  if (failure_ || !peer_) return;
  look_if_due();
  if (peer_->ending() != Ending::none) return notice_peers_end();
  std::size_t begun_bytes = 0;
  while (requests_.waiting() && !failure_ && begun_bytes < copy_step_bytes) {
    begun_bytes += requests_.first_waiting().size_bytes;
    const Step step = run_first(requests_.pieces_of_first());
    if (step != Step::ended) return;
  }
}

bool LocalQueuePair::has_results() const noexcept {
  if (requests_.has_result()) return true;
  if (failure_) return requests_.waiting() || posted_ != taken_;
  if (posted_ != taken_ && page_.arrival(taken_).turn.load() == taken_ + 1) return true;
  return peer_ && peer_->ending() != Ending::none;
}

// What had arrived before the connection ended is delivered; then the rest is flushed.
std::size_t LocalQueuePair::take(std::span<WorkResult> out) noexcept {
  std::size_t count = 0;
  requests_.forget_unsignalled();
  while (count < out.size()) {
    const QueuedRequest* const request = requests_.take_result();
    if (request == nullptr) break;
    out[count++] = {request->id, index_, request->work, request->status};
  }
  while (count < out.size() && take_arrival(out[count])) ++count;
  if (!failure_) return count;
  while (count < out.size() && take_flushed(out[count])) ++count;
  return count;
}

bool LocalQueuePair::take_arrival(WorkResult& result) noexcept {
  if (posted_ == taken_) return false;
  const Arrival& arrival = page_.arrival(taken_);
  if (arrival.turn.load(std::memory_order_acquire) != taken_ + 1) return false;
  result = {receive_ids_[taken_ & (receive_slots_ - 1)],
            index_,
            Work::receive,
            arrival.kind == Arrival::too_long ? WorkStatus::local_error : WorkStatus::success,
            arrival.kind == Arrival::with_immediate,
            arrival.immediate,
            arrival.bytes};
  ++taken_;
  return true;
}

bool LocalQueuePair::take_flushed(WorkResult& result) noexcept {
  if (requests_.waiting()) {
    requests_.first_has_ended(WorkStatus::flushed);
    const QueuedRequest* const request = requests_.take_result();
    result = {request->id, index_, request->work, request->status};
    return true;
  }
  if (posted_ == taken_) return false;
  result = {receive_ids_[taken_ & (receive_slots_ - 1)], index_, Work::receive, WorkStatus::flushed};
  ++taken_;
  return true;
}

void LocalQueuePair::disconnect() noexcept { end({ErrorCode::aborted, 0, "disconnect"}, Ending::disconnected); }

void LocalQueuePair::fail() noexcept { end({ErrorCode::aborted, 0, "fail"}, Ending::failed); }

// Flushed receives are the caller's again, so the peer must have left them.
void LocalQueuePair::end(Failure why, Ending ending) noexcept {
  if (failure_) return;
  failure_ = why;
  page_.header().ending.store(static_cast<std::uint32_t>(ending));
  (void)await_quiet(end_bound_ns);
  if (peer_ && peer_->wake()) ++state_.counters.bells_rung;
}

void LocalQueuePair::notice_peers_end() noexcept {
  if (failure_) return;
  failure_ = {ErrorCode::peer_died, ECONNRESET, "local fabric"};
  if (peer_->ending() == Ending::disconnected) failure_ = {ErrorCode::peer_died, 0, "disconnect"};
}

// Before the number of a dead process can have become another's, too: system calls know their peer by it alone.
void LocalQueuePair::look_if_due() noexcept {
  if (peer_->same_process()) return;
  const Ticks now = ticks_now();
  if (now - last_look_ < state_.look_every) return;
  last_look_ = now;
  look_at_line();
}

void LocalQueuePair::look_at_line() noexcept {
  while (line_) {
    LineRecord record;
    FileDescriptor passed;
    const MeetingLine::Heard heard = line_.hear_now(record, passed);
    if (heard == MeetingLine::Heard::nothing) return;
    if (heard == MeetingLine::Heard::hung_up) {
      line_.close();
      return notice_peers_end();
    }
    if (record.kind == LineRecord::Kind::memory) (void)peer_->map(record, std::move(passed));
  }
}

bool LocalQueuePair::await_quiet(MonotonicNs bound_ns) noexcept {
  if (!peer_) return false;
  const SharedWord& operations = page_.header().peers_operations;
  const std::uint32_t before = operations.load();
  if (before % 2 == 0) return false;
  const MonotonicNs begun_ns = monotonic_now_ns();
  for (int turn = 0; operations.load() == before; ++turn) {
    std::this_thread::yield();
    if (turn % 64 != 63) continue;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    if (peer_->same_process()) continue;  // a thread of this process, which must not be left in memory that goes
    if (line_.has_hung_up()) break;
    if (monotonic_now_ns() - begun_ns < bound_ns) continue;
    page_.header().ending.store(static_cast<std::uint32_t>(Ending::failed));
    if (!failure_) failure_ = {ErrorCode::timed_out, 0, "operation of the peer"};
    break;
  }
  return true;
}

}  // namespace xover
