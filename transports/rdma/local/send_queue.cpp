// Three indices that only grow.
#include "transports/rdma/local/send_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace xover {

Result<SendQueue> SendQueue::create(const FabricShape& shape, const FabricLimits& limits) {
  SendQueue queue;
  queue.capacity_ = static_cast<std::uint32_t>(shape.max_requests);
  queue.mask_ = std::bit_ceil(std::max(queue.capacity_, 1u)) - 1;
  queue.max_pieces_ = limits.max_pieces;
  queue.max_inline_bytes_ = limits.max_inline_bytes;
  queue.requests_.resize(queue.mask_ + 1);
  queue.pieces_.resize((queue.mask_ + 1) * limits.max_pieces);
  if (limits.max_inline_bytes != 0) {
    auto stage = Pages::allocate((queue.mask_ + 1) * limits.max_inline_bytes, Pages::Fault::on_first_touch);
    if (!stage) return tl::make_unexpected(std::move(stage.error()));
    queue.stage_ = std::move(*stage);
  }
  return queue;
}

QueuedRequest& SendQueue::append(const WorkRequest& request) noexcept {
  QueuedRequest& queued = requests_[end_++ & mask_];
  queued.id = request.id;
  queued.remote = request.remote;
  queued.immediate = request.immediate;
  queued.done_bytes = 0;
  queued.size_bytes = 0;
  for (const LocalPiece& piece : request.pieces) queued.size_bytes += piece.size_bytes;
  queued.work = request.work;
  queued.status = WorkStatus::success;
  queued.signalled = request.signalled;
  queued.inline_data = request.inline_data;
  return queued;
}

void SendQueue::keep_pieces(const WorkRequest& request) noexcept {
  const std::uint32_t last = end_ - 1;
  QueuedRequest& queued = requests_[last & mask_];
  const auto pieces = pieces_of(last);
  if (!request.inline_data) {
    std::copy(request.pieces.begin(), request.pieces.end(), pieces.begin());
    queued.pieces = static_cast<std::uint32_t>(request.pieces.size());
    return;
  }
  std::byte* const stage = stage_.data() + (last & mask_) * max_inline_bytes_;
  std::size_t at = 0;
  for (const LocalPiece& piece : request.pieces) {
    if (piece.size_bytes != 0) std::memcpy(stage + at, piece.data, piece.size_bytes);
    at += piece.size_bytes;
  }
  pieces[0] = {stage, queued.size_bytes, 0};
  queued.pieces = queued.size_bytes != 0 ? 1 : 0;
}

std::span<const LocalPiece> SendQueue::pieces_of_first() const noexcept {
  return {pieces_.data() + (next_ & mask_) * max_pieces_, requests_[next_ & mask_].pieces};
}

void SendQueue::first_has_ended(WorkStatus status) noexcept {
  QueuedRequest& request = first_waiting();
  request.status = status;
  if (status != WorkStatus::success) request.signalled = true;
  if (request.signalled) ++results_;
  ++next_;
}

const QueuedRequest* SendQueue::take_result() noexcept {
  forget_unsignalled();
  if (oldest_ == next_) return nullptr;
  --results_;
  return &requests_[oldest_++ & mask_];
}

}  // namespace xover
