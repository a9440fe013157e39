// The sending half of a channel: ops wait in order, and go to the kernel in chains.
//
// Requests on one socket that are in flight side by side overtake each other when the socket is full. So a batch is a
// chain of linked requests, which the kernel works off one after the other, and the next chain begins when all entries
// of this one are back. A request that went short or failed breaks the chain: the kernel cancels what was linked behind
// it, and the next chain starts exactly where the bytes stopped.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/common/memory_stall.h"
#include "transports/uring/uring_notifications.h"
#include "transports/uring/uring_shared.h"

namespace xover {

class UringSending {
 public:
  static constexpr std::size_t max_chain = 256;

  UringSending(UringShared& shared, std::uint32_t channel, Ledger& ledger);
  ~UringSending();
  UringSending(const UringSending&) = delete;
  UringSending& operator=(const UringSending&) = delete;

  enum class Taken : std::uint8_t { yes, busy, failed };
  // Registers foreign memory where the path needs it; `failure` says why not.
  Taken take(const SendOp& op, Failure& failure) noexcept;

  // Puts the next chain into the submission queue if none is under way. False: there was no room for a first request,
  // in the queue or in the session's budget, and an enter() would make some.
  bool fill() noexcept;

  // The entries of a request. A failure means that the channel is to die of it.
  Failure first_entry(std::uint32_t request, int result, bool more) noexcept;
  void notification(std::uint32_t request, bool copied) noexcept;

  void drop(Failure failure) noexcept;     // releases what has not gone; no chain may be under way
  void abandon(Failure failure) noexcept;  // and what no notification came for
  void hand_back_released() noexcept;

  UringNotifications& notifications() noexcept { return notifications_; }
  bool chain_under_way() const noexcept { return chain_.size() != chain_done_; }
  bool unsent() const noexcept { return queued_ != 0; }
  bool stalled() const noexcept { return retry_at_ != 0 || unplaced_; }  // no entry will tell when to try again
  std::size_t outstanding() const noexcept { return notifications_.outstanding(); }

 private:
  // How far an op has gone.
  struct Position {
    std::size_t sent_bytes = 0;
    std::size_t segment = 0;
    std::size_t segment_offset = 0;
    void advance(std::span<const Segment> segments, std::size_t bytes) noexcept;
  };
  struct Outgoing {
    Token token = 0;
    std::span<const Segment> segments;
    std::size_t size_bytes = 0;
    std::uint32_t number = 0;  // in the books
    Position gone;
  };
  struct Link {
    std::uint32_t request = 0;
    std::size_t size_bytes = 0;
    int result = 0;
    bool done = false;
  };

  Outgoing& queued(std::size_t index) noexcept { return queue_[(first_ + index) % queue_.size()]; }
  bool place_segments(const Outgoing& op, Failure& failure) noexcept;
  Taken not_placed(Failure& failure) noexcept;
  bool in_one_buffer(const Outgoing& op) noexcept;
  FixedBuffers::Place& place_of(std::uint32_t op, std::size_t segment) noexcept;
  void release_places(std::uint32_t op, std::size_t count) noexcept;
  bool chain_has_room() const noexcept;
  bool link_op(Outgoing& op, io_uring_sqe*& last) noexcept;
  std::size_t prepare(io_uring_sqe& entry, const Outgoing& op, Position from) noexcept;
  std::size_t gather(const Outgoing& op, Position from, std::size_t limit) noexcept;
  void prepare_one(io_uring_sqe& entry, const iovec& range, const Outgoing& op, std::size_t segment) noexcept;
  void prepare_many(io_uring_sqe& entry, std::span<iovec> ranges, const Outgoing& op, std::size_t segment) noexcept;
  Failure apply(const Link& link) noexcept;
  Failure refused(int errno_value) noexcept;
  Failure stall() noexcept;
  bool stalled_for_long() noexcept;
  void finish_front(Failure failure) noexcept;
  void push(Moments moments, Token token, std::uint64_t bytes, Handover evidence, Failure failure) noexcept;

  UringShared& shared_;
  std::uint32_t channel_;
  Ledger& ledger_;
  UringNotifications notifications_;
  std::vector<Outgoing> queue_;  // a ring: accepted, and not all of it has gone
  std::size_t first_ = 0, queued_ = 0;
  std::vector<Link> chain_;  // in the order of the stream, reserved for max_chain
  std::size_t chain_done_ = 0;
  bool chain_broken_ = false;
  std::size_t link_limit_ = max_chain;      // of a chain; grows again with each chain that holds
  std::vector<std::uint16_t> chain_place_;  // by slot of a request: its place in the chain
  std::vector<iovec> vectors_;              // of the requests of the chain, one after the other
  std::size_t vectors_used_ = 0;
  std::vector<msghdr> headers_;                 // by place in the chain
  std::vector<FixedBuffers::Place> places_;     // registered paths: of each segment of each op
  std::vector<std::uint16_t> cached_segments_;  // registered paths: by op, how many of its places are in use
  bool unplaced_ = false;  // the op tried last found no room to be registered, and none is under way
  MemoryStall memory_stall_;
  MonotonicNs retry_at_ = 0;
};

}  // namespace xover
