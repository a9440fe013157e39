// The books of MSG_ZEROCOPY: which send calls the kernel still holds pages for, which op each call belongs to, and what
// the kernel said about copying. No system calls here.
//
// What the kernel promises (Documentation/networking/msg_zerocopy.rst): each successful call gets the next value of a
// 32-bit counter that wraps; a notification is an inclusive range of such ids; ranges come merged, and out of order
// after retransmission or teardown. What it does not promise: the COPIED flag of a merged range is that of its first
// part, because ranges are merged without comparing flags. So as long as every range of a channel carried the same
// flag, the flag is booked for all ids of a range; once both kinds were seen, only for the first, and the rest is
// `unverified`.
//
// An op may take several calls (partial sends). It is released with the last of its ids, once it is sealed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/ledger.h"
#include "core/transport.h"
#include "transports/common/ring.h"

namespace xover {

class ZerocopyNotifications {
 public:
  struct Released {
    Token token = 0;
    std::uint64_t bytes = 0;
    Handover evidence = Handover::unverified;  // unverified also where the calls of one op differ
    Failure failure;
  };

  // At most `depth` ops and `max_ids` calls at a time; `first_id` is for tests of the wrap.
  ZerocopyNotifications(std::size_t depth, std::size_t max_ids, std::uint32_t first_id = 0);

  // One op is open at a time: begin, sent for each successful call, seal. Room for a further call must be asked for
  // before it is made.
  bool room() const noexcept { return next_id_ - oldest_id_ <= mask_; }
  void begin(Token token) noexcept;
  void sent(std::size_t size_bytes) noexcept;
  void seal(Failure failure = {}) noexcept;
  bool open() const noexcept { return open_op_ != no_op; }

  // A range came. Bytes are booked here, call by call. Ids that are known to be done are ignored; ids ahead of the own
  // count belong to calls that failed after the kernel had counted them, and the own count follows.
  void complete(std::uint32_t first, std::uint32_t last, bool copied, Ledger& ledger) noexcept;

  // From now on a notification is no evidence: the connection is gone, and the kernel lets go of pages it never sent;
  // or the device does not gather, and the kernel copies without a word.
  void distrust() noexcept { trusted_ = false; }
  // The bound has passed: whatever is outstanding is booked `unverified` and released with this failure.
  void abandon(Failure failure, Ledger& ledger) noexcept;

  // Takes the next released op, in the order of release; false when there is none.
  bool pop_released(Released& out) noexcept;

  std::size_t outstanding_ids() const noexcept { return outstanding_ids_; }

 private:
  static constexpr std::uint32_t no_op = UINT32_MAX;
  struct Op {
    Released result;
    std::uint32_t outstanding = 0;
    bool sealed = false;
    bool booked = false;  // result.evidence speaks for at least one call
  };
  struct Call {
    std::uint32_t op = no_op;  // no_op: done
    std::uint32_t size_bytes = 0;
  };

  void finish_call(std::uint32_t id, Handover evidence, Ledger& ledger) noexcept;
  void release_if_done(std::uint32_t op) noexcept;

  std::vector<Op> ops_;
  std::vector<std::uint32_t> free_ops_;
  Ring<std::uint32_t> released_;
  std::vector<Call> calls_;
  std::uint32_t mask_;
  std::uint32_t oldest_id_, next_id_;  // calls [oldest, next) have a slot each
  std::uint32_t open_op_ = no_op;
  std::size_t outstanding_ids_ = 0;
  bool seen_copied_ = false, seen_not_copied_ = false, trusted_ = true;
};

}  // namespace xover
