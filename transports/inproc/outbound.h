// The sending half of a channel: publishes ops by reference, watches them come back, and reports each in exactly one
// `released`. Owned by the sender's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/transport.h"
#include "transports/inproc/faults.h"
#include "transports/inproc/wire.h"

namespace xover {

// One op that was published on several channels of a session.
struct SharedOp {
  Token token = 0;
  std::uint32_t first_channel = 0;
  std::size_t waiting = 0;  // channels that still hold it; 0: this entry is free
  bool sent_reported = false;
  std::uint64_t bytes = 0;  // the least that any channel took
  Failure failure;          // the first that any channel met
};

class Outbound {
 public:
  Outbound(std::uint32_t channel, WireDirection& direction, Ledger& ledger);

  // Ops accepted and not yet released, and withdrawn ones that the receiver has not passed, fill the ring.
  bool full() const noexcept { return next_ - oldest_ == pending_.size(); }
  bool idle() const noexcept { return next_ == oldest_; }
  bool delivered() const noexcept;  // the receiver has copied everything, whether or not that was reported

  // The ring must not be full. `shared` is null for an op of this channel alone.
  void publish(const SendOp& op, SharedOp* shared, const Faults::Fate& fate) noexcept;

  // Takes one op back, if the receiver has not begun to copy it.
  bool withdraw(Token token) noexcept;
  // Takes back everything that was not copied; what is being copied right now stays: false, to be tried again.
  bool withdraw_all(const Failure& why) noexcept;

  // The peer will pass no more slots: withdrawn ones need not be passed.
  void receiver_is_gone() noexcept { receiver_gone_ = true; }

  bool next_completion(Completion& out) noexcept;  // false: nothing to report
  bool has_completion() const noexcept;

 private:
  enum class Stage : std::uint8_t { lent, withdrawn, reported };

  struct Pending {
    Token token = 0;
    std::uint64_t bytes = 0;
    Stage stage = Stage::lent;
    bool sent_reported = false;
    bool drop_completion = false;
    MonotonicNs due_ns = 0;  // not released before; 0: no delay
    Failure failure;
    SharedOp* shared = nullptr;
  };

  Pending& pending(std::uint64_t op) noexcept { return pending_[op % pending_.size()]; }
  const Pending& pending(std::uint64_t op) const noexcept { return pending_[op % pending_.size()]; }
  Slot& slot(std::uint64_t op) const noexcept { return direction_.slots[op % pending_.size()]; }

  void mark_withdrawn(Pending& op, const Failure& why) noexcept;
  bool passed(std::uint64_t op) const noexcept;
  bool release(std::uint64_t op, Completion& out) noexcept;
  bool release_shared(Pending& op, std::uint64_t went_bytes, Completion& out) noexcept;
  bool release_in_order(Completion& out) noexcept;
  bool report_sent(Completion& out) noexcept;
  bool release_withdrawn(Completion& out) noexcept;

  std::uint32_t channel_;
  WireDirection& direction_;
  Ledger& ledger_;
  std::vector<Pending> pending_;
  // Ops are numbered from 0 on; each ring holds op n at n modulo its size. oldest_ <= unsent_ <= next_.
  std::uint64_t oldest_ = 0;  // whose slot has not been freed
  std::uint64_t unsent_ = 0;  // whose `sent` has not been looked at
  std::uint64_t next_ = 0;
  std::size_t withdrawn_ = 0;  // not yet reported
  bool receiver_gone_ = false;
};

}  // namespace xover
