// The sending half of a channel: posts each op as soon as it is taken, or says why it cannot be. How an op is posted
// differs in a derived class.
//
// Ops are numbered from 0 on, and are the messages of this direction. They go through three stages in order:
//
//   oldest_ <= done_ <= next_
//
// [oldest_, done_) have their memory back and are to be reported, [done_, next_) are under way. granted_ of them were
// given back by the peer's application or, for rdma.read, were read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/common/memory_stall.h"
#include "transports/rdma/rdma_hello.h"
#include "transports/rdma/rdma_shared.h"

namespace xover {

class RdmaSending {
 public:
  enum class Taken : std::uint8_t { yes, busy, failed };

  // By the way of the settings. Posts nothing before meet().
  static Result<std::unique_ptr<RdmaSending>> make(RdmaShared& shared, std::uint32_t channel, Ledger& ledger,
                                                   QueuePair& queue_pair);
  RdmaSending(RdmaShared& shared, std::uint32_t channel, Ledger& ledger, QueuePair& queue_pair);
  virtual ~RdmaSending();  // the queue pair is gone
  RdmaSending(const RdmaSending&) = delete;
  RdmaSending& operator=(const RdmaSending&) = delete;

  virtual void meet(const RdmaHello& peer);

  std::size_t in_flight() const noexcept { return next_ - oldest_; }
  // There is room in depth. `failed`: failure() says why, none: the connection has ended.
  Taken take(const SendOp& op) noexcept;
  const Failure& failure() const noexcept { return failure_; }

  virtual void take_result(std::uint64_t number, bool success) noexcept = 0;
  // The low bits of the peer's count. False: the peer gives back what it never got.
  bool take_grant(std::uint32_t immediate) noexcept;

  bool next_completion(Completion& out) noexcept;  // false: nothing to report
  std::uint64_t taken() const noexcept { return next_; }
  bool idle() const noexcept { return oldest_ == next_; }
  bool all_done() const noexcept { return done_ == next_; }
  bool ready() const noexcept { return has_released() || (sent_ < next_ && !stopped_); }

  // The connection has ended. Each op that is under way ends in this failure, when its memory is lent no more.
  void stop(const Failure& why) noexcept;

 protected:
  enum class State : std::uint8_t { under_way, done, failed };
  struct Op {
    Token token = 0;
    std::uint64_t bytes = 0;
    std::uint32_t places = 0;
    State state = State::under_way;
  };

  // Beside a credit: whether the peer has room for so many bytes.
  virtual bool has_room(std::uint64_t) const noexcept { return true; }
  virtual bool goes_inline(std::uint64_t) const noexcept { return false; }
  // `pieces` has one for each place of the op, in order.
  virtual Posted post(std::uint64_t number, std::span<const LocalPiece> pieces, bool inline_data) noexcept = 0;
  virtual void note_granted(std::uint64_t from, std::uint64_t to) noexcept = 0;
  virtual void give_up() noexcept {}  // on stop()

  void finish(std::uint64_t number, State state) noexcept;
  const RegisteredMemory::Place& place_of(std::uint64_t number, std::size_t piece) const noexcept {
    return places_[(number & mask_) * shared_.settings.max_segments + piece];
  }
  std::uint64_t done() const noexcept { return done_; }

  RdmaShared& shared_;
  QueuePair& queue_pair_;
  std::uint64_t next_ = 0;

 private:
  Op& op(std::uint64_t number) noexcept { return ops_[number & mask_]; }
  // An op that failed is reported when it is known why.
  bool has_released() const noexcept {
    return oldest_ != done_ && (stopped_ || ops_[oldest_ & mask_].state == State::done);
  }
  Failure gather(const SendOp& op, Op& entry, bool inline_data) noexcept;
  void release_places(std::uint64_t number) noexcept;
  bool report_released(Completion& out) noexcept;
  Taken registration_failed(const Failure& why) noexcept;

  const std::uint32_t channel_;
  Ledger& ledger_;
  std::vector<Op> ops_;
  const std::uint64_t mask_;
  std::vector<RegisteredMemory::Place> places_;  // max_segments for each op
  std::vector<LocalPiece> pieces_;               // of the op that is being posted
  std::size_t piece_count_ = 0;
  std::uint32_t window_ = 0;
  std::uint64_t oldest_ = 0, done_ = 0, sent_ = 0, granted_ = 0;
  MemoryStall stall_;
  Failure failure_, stopped_;
};

}  // namespace xover
