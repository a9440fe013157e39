// The work of a request, in steps.
#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

#include "transports/rdma/local/local_queue_pair.h"

namespace xover {

namespace {

// After which a peer without posted receives is given up.
constexpr MonotonicNs ready_bound_ns = 1'000'000'000;

constexpr bool takes_receive(Work work) { return work == Work::send || work == Work::write_with_immediate; }

// The part of a request's pieces that one step moves.
class Stretch {
 public:
  // False: a piece lies in no region of its key.
  bool gather(const RegionTable& regions, const QueuedRequest& request, std::span<const LocalPiece> pieces) noexcept {
    std::size_t skip = request.done_bytes;
    for (const LocalPiece& piece : pieces) {
      if (!request.inline_data && piece.size_bytes != 0 && regions.find(piece) == nullptr) return false;
      if (skip >= piece.size_bytes) {
        skip -= piece.size_bytes;
        continue;
      }
      const std::size_t size_bytes = std::min<std::size_t>(piece.size_bytes - skip, copy_step_bytes - size_bytes_);
      if (size_bytes == 0) continue;
      pieces_[count_++] = {piece.data + skip, size_bytes};
      size_bytes_ += size_bytes;
      skip = 0;
    }
    return true;
  }

  std::span<const iovec> pieces() const noexcept { return {pieces_.data(), count_}; }
  std::size_t size_bytes() const noexcept { return size_bytes_; }

 private:
  std::array<iovec, most_pieces> pieces_;
  std::size_t count_ = 0, size_bytes_ = 0;
};

Failure failure_of(WorkStatus status) noexcept {
  switch (status) {
    case WorkStatus::local_error: return {ErrorCode::bad_input, EINVAL, "local memory of a request"};
    case WorkStatus::remote_access_error: return {ErrorCode::not_permitted, EACCES, "remote access"};
    case WorkStatus::receiver_not_ready: return {ErrorCode::timed_out, 0, "receiver not ready"};
    default: break;
  }
  return {ErrorCode::peer_died, ECONNRESET, "local fabric"};
}

}  // namespace

// Runs the request that is first in the queue, as far as it goes now, and ends the connection when it fails.
LocalQueuePair::Step LocalQueuePair::run_first(std::span<const LocalPiece> pieces) noexcept {
  QueuedRequest& request = requests_.first_waiting();
  WorkStatus status = WorkStatus::success;
  const Step step = this->step(request, pieces, status);
  if (step == Step::peer_has_ended) notice_peers_end();
  if (step == Step::ended) {
    requests_.first_has_ended(status);
    if (status != WorkStatus::success) end(failure_of(status), Ending::failed);
  }
  return step;
}

LocalQueuePair::Step LocalQueuePair::step(QueuedRequest& request, std::span<const LocalPiece> pieces,
                                          WorkStatus& status) noexcept {
  const PostedReceive* const receive = takes_receive(request.work) ? peer_->posted_receive() : nullptr;
  if (takes_receive(request.work) && receive == nullptr) {
    if (!waited_too_long()) return Step::not_ready;
    status = WorkStatus::receiver_not_ready;
    return Step::ended;
  }
  not_ready_since_.reset();
  {
    const LocalPeer::Operation operation(*peer_);
    if (peer_->ending() != Ending::none) return Step::peer_has_ended;
    Stretch stretch;
    LocalPeer::Target target;
    if (!stretch.gather(state_.regions, request, pieces)) status = WorkStatus::local_error;
    if (status == WorkStatus::success) status = aim(request, receive, target);
    if (status == WorkStatus::success) status = move(request, target, stretch.pieces(), stretch.size_bytes());
    if (status != WorkStatus::success) return Step::ended;
    request.done_bytes += static_cast<std::uint32_t>(stretch.size_bytes());
    if (request.done_bytes != request.size_bytes) return Step::half_done;
    if (receive != nullptr) {
      const auto kind = request.work == Work::send ? Arrival::message : Arrival::with_immediate;
      peer_->tell_arrival(kind, request.size_bytes, request.immediate);
    }
  }
  arrive(request);
  return Step::ended;
}

// Where the rest of the request goes to or comes from.
WorkStatus LocalQueuePair::aim(const QueuedRequest& request, const PostedReceive* receive,
                               LocalPeer::Target& target) noexcept {
  if (request.work == Work::send) {
    if (request.size_bytes > receive->size_bytes) {
      peer_->tell_arrival(Arrival::too_long, 0, 0);
      return WorkStatus::local_error;
    }
    target = {receive->address + request.done_bytes, receive->memory};
    return WorkStatus::success;
  }
  if (request.size_bytes == 0) return WorkStatus::success;  // needs no key, as on InfiniBand
  const RemoteAccess access = request.work == Work::read ? RemoteAccess::read : RemoteAccess::write;
  const SharedRegion* const region = peer_->region(request.remote, request.size_bytes, access);
  if (region == nullptr) return WorkStatus::remote_access_error;
  target = {request.remote.address + request.done_bytes, region->memory};
  return WorkStatus::success;
}

WorkStatus LocalQueuePair::move(const QueuedRequest& request, const LocalPeer::Target& target,
                                std::span<const iovec> pieces, std::size_t size_bytes) noexcept {
  const bool by_call = peer_->way_to(target, size_bytes) == LocalPeer::Way::system_call;
  const LocalPeer::Moved moved =
      request.work == Work::read ? peer_->read(target, pieces, size_bytes) : peer_->write(target, pieces, size_bytes);
  switch (moved) {
    case LocalPeer::Moved::done:
      (by_call ? state_.counters.system_call_bytes : state_.counters.memcpy_bytes) += size_bytes;
      return WorkStatus::success;
    case LocalPeer::Moved::bad_memory: return WorkStatus::remote_access_error;
    case LocalPeer::Moved::gone:
    case LocalPeer::Moved::refused: break;
  }
  return WorkStatus::retries_exhausted;
}

// After the operation: waking somebody up takes a system call, which the peer need not wait for.
void LocalQueuePair::arrive(const QueuedRequest& request) noexcept {
  LocalCounters& counters = state_.counters;
  if (takes_receive(request.work)) {
    ++counters.messages;
    counters.message_bytes += request.size_bytes;
    if (peer_->wake()) ++counters.bells_rung;
  } else {
    ++counters.one_sided_operations;
    counters.one_sided_bytes += request.size_bytes;
  }
}

bool LocalQueuePair::waited_too_long() noexcept {
  if (!not_ready_since_) {
    not_ready_since_ = ticks_now();
    ++state_.counters.rnr_waits;
  }
  return ticks_to_ns(ticks_now() - *not_ready_since_) > ready_bound_ns;
}

}  // namespace xover
