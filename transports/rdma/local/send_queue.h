// Requests of one queue pair from post() to their result: a ring in three parts.
//
//   oldest ... begun: ended, their results not taken yet    begun ... end: waiting, the first perhaps half done
//
// All memory is taken when it is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "transports/common/pages.h"
#include "transports/rdma/fabric.h"

namespace xover {

struct QueuedRequest {
  std::uint64_t id = 0;
  RemotePiece remote;
  std::uint32_t immediate = 0;
  std::uint32_t size_bytes = 0;
  std::uint32_t done_bytes = 0;
  std::uint32_t pieces = 0;
  Work work = Work::send;
  WorkStatus status = WorkStatus::success;
  bool signalled = true;
  bool inline_data = false;
};

class SendQueue {
 public:
  static Result<SendQueue> create(const FabricShape& shape, const FabricLimits& limits);

  bool full() const noexcept { return end_ - oldest_ == capacity_; }
  bool waiting() const noexcept { return next_ != end_; }
  bool has_result() const noexcept { return results_ != 0; }

  // A request at the end of the queue, which needs room; its pieces are not kept yet.
  QueuedRequest& append(const WorkRequest& request) noexcept;
  void drop_last() noexcept { --end_; }
  // Keeps the pieces of the last request, or the bytes themselves when they are lent no longer than post().
  void keep_pieces(const WorkRequest& request) noexcept;

  QueuedRequest& first_waiting() noexcept { return requests_[next_ & mask_]; }
  std::span<const LocalPiece> pieces_of_first() const noexcept;
  void first_has_ended(WorkStatus status) noexcept;
  // Makes room: those that ended well and have no result.
  void forget_unsignalled() noexcept {
    while (oldest_ != next_ && !requests_[oldest_ & mask_].signalled) ++oldest_;
  }
  // Of a request that ended; null: none is left. Good until the next append().
  const QueuedRequest* take_result() noexcept;

 private:
  std::span<LocalPiece> pieces_of(std::uint32_t number) noexcept {
    return {pieces_.data() + (number & mask_) * max_pieces_, max_pieces_};
  }

  std::uint32_t oldest_ = 0, next_ = 0, end_ = 0, results_ = 0;
  std::uint32_t capacity_ = 0, mask_ = 0;
  std::size_t max_pieces_ = 0, max_inline_bytes_ = 0;
  std::vector<QueuedRequest> requests_;
  std::vector<LocalPiece> pieces_;
  Pages stage_;  // for inline data that has to wait; touched only then
};

}  // namespace xover
