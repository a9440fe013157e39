// Posting, and what comes of it.
#include "transports/rdma/verbs/verbs_queue_pair.h"

#include <arpa/inet.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "transports/rdma/verbs/verbs_end.h"
#include "transports/rdma/verbs/verbs_words.h"

namespace xover {

namespace {

// Above what the device's own retries take, below the 5 s within which a dead peer must be noticed.
constexpr std::int64_t longest_silence_ns = 3'500'000'000;
constexpr std::int64_t longest_parting_ns = 300'000'000;
constexpr std::int64_t longest_flush_ns = 1'000'000'000;
// How long a receiver without a posted receive asks the sender to wait: 40.96 ms, in the code of ibv_modify_qp(3). The
// connection manager sets 655 ms.
constexpr std::uint8_t receiver_not_ready_timer = 24;

ibv_wr_opcode opcode_of(Work work) {
  switch (work) {
    case Work::write: return IBV_WR_RDMA_WRITE;
    case Work::write_with_immediate: return IBV_WR_RDMA_WRITE_WITH_IMM;
    case Work::read: return IBV_WR_RDMA_READ;
    default: return IBV_WR_SEND;
  }
}

ibv_sge sge_of(const LocalPiece& piece) {
  return {reinterpret_cast<std::uintptr_t>(piece.data), piece.size_bytes, piece.key};
}

[[maybe_unused]] std::size_t total_bytes(std::span<const LocalPiece> pieces) {
  std::size_t size_bytes = 0;
  for (const LocalPiece& piece : pieces) size_bytes += piece.size_bytes;
  return size_bytes;
}

unsigned flags_of(const WorkRequest& request, bool signalled) {
  unsigned flags = 0;
  if (signalled) flags |= IBV_SEND_SIGNALED;
  if (request.inline_data) flags |= IBV_SEND_INLINE;
  if (request.fenced) flags |= IBV_SEND_FENCE;
  return flags;
}

// A sequence number that comes before another one, also when they have wrapped.
bool before(std::uint32_t sequence, std::uint32_t other) { return static_cast<std::int32_t>(sequence - other) < 0; }

}  // namespace

VerbsQueuePair::VerbsQueuePair(VerbsEnd& end, std::uint32_t index, VerbsHandle<rdma_event_channel> events,
                               VerbsHandle<rdma_cm_id> id, const Sizes& sizes)
    : end_(end),
      index_(index),
      sizes_(sizes),
      events_(std::move(events)),
      id_(std::move(id)),
      requests_(sizes.max_requests + farewell_requests),
      receives_(sizes.max_receives) {
  end_.add(*this);
}

VerbsQueuePair::~VerbsQueuePair() {
  const MonotonicNs bound = monotonic_now_ns() + longest_parting_ns;
  while (state_ == State::parting && monotonic_now_ns() < bound) {
    end_.completions().set_aside();
    if (end_.completions().has_set_aside(farewell_)) break;
    const timespec pause{0, 50'000};
    nanosleep(&pause, nullptr);
  }
  die({ErrorCode::aborted, 0, "queue pair destroyed"});
  end_.remove(*this);
  id_.reset();
  end_.completions().forget(index_);
}

void VerbsQueuePair::established() noexcept {
  state_ = State::live;
  ibv_qp_attr attributes{};
  attributes.min_rnr_timer = receiver_not_ready_timer;
  (void)ibv_modify_qp(id_->qp, &attributes, IBV_QP_MIN_RNR_TIMER);  // refused: failing takes longer, and nothing else
}

// --- posting

Posted VerbsQueuePair::post(const WorkRequest& request) noexcept {
  assert(request.pieces.size() <= sizes_.max_pieces && request.work != Work::receive);
  assert(!request.inline_data ||
         (request.work != Work::read && total_bytes(request.pieces) <= sizes_.max_inline_bytes));
  if (state_ != State::live) return state_ == State::preparing ? Posted::full : Posted::failed;
  if (requests_.size() >= sizes_.max_requests) {
    ++end_.counted().full;
    return Posted::full;
  }
  std::array<ibv_sge, most_pieces> pieces;
  std::transform(request.pieces.begin(), request.pieces.end(), pieces.begin(), sge_of);
  // Some request must speak for the others before the queue is full of them.
  const bool signalled = request.signalled || unsignalled_ + 1 >= (sizes_.max_requests + 1) / 2;
  ibv_send_wr work{};
  work.wr_id = next_send().packed();
  work.sg_list = pieces.data();
  work.num_sge = static_cast<int>(request.pieces.size());
  work.opcode = opcode_of(request.work);
  work.send_flags = flags_of(request, signalled);
  work.imm_data = htonl(request.immediate);
  work.wr.rdma.remote_addr = request.remote.address;
  work.wr.rdma.rkey = request.remote.key;
  ibv_send_wr* refused_work = nullptr;
  if (const int error = ibv_post_send(id_->qp, &work, &refused_work); error != 0) return refused(error);
  requests_.push({request.id, request.work, request.signalled});
  unsignalled_ = signalled ? 0 : unsignalled_ + 1;
  ++end_.counted().posted;
  return Posted::ok;
}

Posted VerbsQueuePair::post_receive(std::uint64_t id, const LocalPiece& piece) noexcept {
  if (state_ != State::live && state_ != State::preparing) return Posted::failed;
  if (receives_.room() == 0) {
    ++end_.counted().full;
    return Posted::full;
  }
  ibv_sge buffer = sge_of(piece);
  ibv_recv_wr work{};
  work.wr_id = VerbsWorkId{true, index_, first_receive_ + static_cast<std::uint32_t>(receives_.size())}.packed();
  work.sg_list = &buffer;
  work.num_sge = 1;
  ibv_recv_wr* refused_work = nullptr;
  if (const int error = ibv_post_recv(id_->qp, &work, &refused_work); error != 0) return refused(error);
  receives_.push(id);
  return Posted::ok;
}

Posted VerbsQueuePair::refused(int error) noexcept {
  if (error == ENOMEM) {  // the driver's queue is full, which it should not be
    ++end_.counted().full;
    return Posted::full;
  }
  die(failure_of_errno(error, "ibv_post_send or ibv_post_recv"));
  return Posted::failed;
}

// --- ending

void VerbsQueuePair::disconnect() noexcept {
  const Failure reason{ErrorCode::cancelled, 0, "disconnected by this end"};
  if (state_ != State::live) return die(reason);
  ibv_send_wr work{};
  farewell_ = work.wr_id = next_send().packed();
  work.opcode = IBV_WR_SEND_WITH_IMM;
  work.send_flags = IBV_SEND_SIGNALED;
  ibv_send_wr* refused_work = nullptr;
  if (ibv_post_send(id_->qp, &work, &refused_work) != 0) return die(reason);
  requests_.push({0, Work::send, false, true});
  failure_ = reason;
  state_ = State::parting;
  silent_ns_ = 0;
}

void VerbsQueuePair::fail() noexcept { die({ErrorCode::aborted, 0, "failed by this end"}); }

// To the error state, in which the device flushes both queues; and the connection manager tells the peer.
void VerbsQueuePair::die(Failure failure) noexcept {
  if (state_ == State::ended) return;
  const bool told = state_ != State::preparing;
  state_ = State::ended;
  silent_ns_ = 0;
  if (!failure_) failure_ = failure;
  if (told) (void)rdma_disconnect(id_.get());
  ibv_qp_attr attributes{};
  attributes.qp_state = IBV_QPS_ERR;
  (void)ibv_modify_qp(id_->qp, &attributes, IBV_QP_STATE);
  end_.ended();
}

// What the peer sent before it went has been completed here, for it went when it had been told so.
void VerbsQueuePair::peer_left() noexcept {
  end_.completions().set_aside();
  if (end_.completions().has_farewell_for(index_)) return;  // and dies of that when it is taken
  die({ErrorCode::peer_died, ECONNRESET, "RDMA connection"});
}

void VerbsQueuePair::time_passed(std::int64_t ns) noexcept {
  const bool waits = state_ == State::live ? !requests_.empty() : outstanding() > 0;
  if (state_ == State::preparing || !waits || std::exchange(taken_before_, taken_) != taken_) silent_ns_ = 0;
  silent_ns_ += ns;
  if (state_ == State::parting && silent_ns_ >= longest_parting_ns) die(failure_);
  if (state_ == State::ended && waits && silent_ns_ >= longest_flush_ns) given_up_ = true;
  if (state_ != State::live || !waits || silent_ns_ < longest_silence_ns) return;
  ++end_.counted().watchdog;
  ++end_.counted().retries_exhausted;
  die({ErrorCode::peer_died, ETIMEDOUT, "RDMA request: the peer is silent"});
}

bool VerbsQueuePair::give_up(WorkResult& result) noexcept {
  if (!given_up_) return false;
  result = {};
  result.queue_pair = index_;
  result.status = WorkStatus::flushed;
  if (!requests_.empty()) return take_request(first_request_, result) || give_up(result);
  return !receives_.empty() && take_receive(first_receive_, {}, result);
}

// --- completions

bool VerbsQueuePair::take(const ibv_wc& completion, WorkResult& result) noexcept {
  ++taken_;
  result = {};
  result.queue_pair = index_;
  result.status = work_status_of(completion.status);
  const auto work = VerbsWorkId::of(completion.wr_id);
  // Soft-RoCE blames the receive that a refused write with immediate would have taken. It was the peer's mistake.
  if (work.receive && result.status == WorkStatus::remote_access_error) result.status = WorkStatus::flushed;
  if (result.status == WorkStatus::retries_exhausted) ++end_.counted().retries_exhausted;
  if (result.status == WorkStatus::receiver_not_ready) ++end_.counted().receiver_not_ready;
  const bool valued =
      work.receive ? take_receive(work.sequence, completion, result) : take_request(work.sequence, result);
  if (result.status != WorkStatus::success) die(failure_of(result.status));
  return valued;
}

// Those before it have gone well, or they would have had a completion.
bool VerbsQueuePair::take_request(std::uint32_t sequence, WorkResult& result) noexcept {
  if (before(sequence, first_request_)) return false;
  for (; before(first_request_, sequence); ++first_request_) requests_.pop();
  const Request request = requests_.front();
  requests_.pop();
  ++first_request_;
  result.id = request.id;
  result.work = request.work;
  if (request.farewell) die(failure_);
  return !request.farewell && (request.signalled || result.status != WorkStatus::success);
}

bool VerbsQueuePair::take_receive(std::uint32_t sequence, const ibv_wc& completion, WorkResult& result) noexcept {
  if (before(sequence, first_receive_)) return false;
  assert(sequence == first_receive_);
  result.id = receives_.front();
  result.work = Work::receive;
  receives_.pop();
  ++first_receive_;
  if (result.status != WorkStatus::success) return true;
  if (is_farewell(completion)) {
    die({ErrorCode::peer_died, 0, "disconnect"});
    result.status = WorkStatus::flushed;
    return true;
  }
  result.bytes = completion.byte_len;
  result.has_immediate = (completion.wc_flags & IBV_WC_WITH_IMM) != 0;
  if (result.has_immediate) result.immediate = ntohl(completion.imm_data);
  return true;
}

}  // namespace xover
