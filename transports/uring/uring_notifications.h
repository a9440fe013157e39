// The books of send requests: which op each request belongs to, what its completion entries said, and when the op's
// memory is the caller's again. No system calls here.
//
// What the kernel promises (io_uring_enter(2), IORING_OP_SEND_ZC): a request has a first entry with its result; exactly
// when that entry has IORING_CQE_F_MORE, also on errors, a second one follows, the notification, which alone says that
// the memory is free. Notifications of different requests come in any order. With IORING_SEND_ZC_REPORT_USAGE the
// notification says whether the kernel copied.
//
// What it does not keep: where several requests share a packet, their notifications are joined, the first of them hears
// that its memory was used without a copy, and the others, which hear nothing, are reported as copied (io_link_skb()
// and io_tx_ubuf_complete() in io_uring/notif.c). So once a "not copied" was seen, a "copied" is no evidence.
//
// An op may take several requests (short sends, fields that do not go in one). It is released with the last of their
// entries, once it is sealed. Bytes are booked request by request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/ledger.h"
#include "core/transport.h"
#include "transports/common/ring.h"

namespace xover {

class UringNotifications {
 public:
  enum class Asked : std::uint8_t {
    copy,       // plain sends: the first entry is the only one
    zero_copy,  // without usage report: nobody will know
    zero_copy_and_report,
  };
  struct Released {
    Token token = 0;
    std::uint32_t op = 0;
    std::uint64_t bytes = 0;
    Handover evidence = Handover::unverified;  // unverified also where the requests of one op differ
    Failure failure;
  };

  static constexpr std::size_t most_requests = 1 << 16;

  // At most `depth` ops and `max_requests` requests at a time, of most_requests.
  UringNotifications(std::size_t depth, std::size_t max_requests, Asked asked);

  std::uint32_t begin(Token token) noexcept;  // a number below `depth`, the op's until it was popped
  void forget(std::uint32_t op) noexcept;     // begun, and not accepted after all
  bool room() const noexcept { return !free_requests_.empty(); }
  // One request of this op is on its way; asks for room() first. The name is the request's until its last entry.
  std::uint32_t request(std::uint32_t op) noexcept;
  static std::uint32_t slot(std::uint32_t request) noexcept { return request & slot_mask; }  // below max_requests
  void seal(std::uint32_t op, Failure failure = {}) noexcept;  // no further request will come

  // The two entries of a request, in any order. False: the request is over, and nothing was announced.
  void first_entry(std::uint32_t request, std::uint64_t bytes, bool more, Ledger& ledger) noexcept;
  bool notification(std::uint32_t request, bool copied, Ledger& ledger) noexcept;

  // From now on "not copied" is no evidence: the connection is gone, and the kernel lets go of pages it never sent; or
  // the device does not gather, and the kernel copies without a word.
  void distrust() noexcept { trusted_ = false; }
  bool trusted() const noexcept { return trusted_; }
  // The bound has passed: whatever is outstanding is booked `unverified` and released with this failure.
  void abandon(Failure failure, Ledger& ledger) noexcept;

  // Takes the next released op, in the order of release; false when there is none.
  bool pop_released(Released& out) noexcept;

  std::size_t outstanding() const noexcept { return outstanding_; }  // requests, neither entry or only the first seen
  // Bytes that were taken and whose notification is awaited: memory that the kernel will let go of.
  std::uint64_t awaited_bytes() const noexcept { return awaited_bytes_; }

 private:
  struct Op {
    Released result;
    std::uint32_t requests = 0;
    bool sealed = false;
    bool booked = false;  // result.evidence speaks for at least one request
    bool open = false;    // begun and not yet popped
  };
  static constexpr std::uint32_t slot_mask = most_requests - 1;
  struct Request {
    std::uint32_t op = 0;
    std::uint32_t name = 0;  // slot and generation
    std::uint64_t bytes = 0;
    bool in_use = false;
    bool first = false, more = false, notified = false, copied = false;
  };

  Request& request_of(std::uint32_t name) noexcept { return requests_[slot(name)]; }
  Handover evidence_of(const Request& request) const noexcept;
  void finish_if_done(Request& request, Ledger& ledger) noexcept;
  void finish(Request& request, Handover evidence, Ledger& ledger) noexcept;
  void release_if_done(Op& op) noexcept;

  Asked asked_;
  std::vector<Op> ops_;
  std::vector<Request> requests_;
  std::vector<std::uint32_t> free_ops_, free_requests_;
  Ring<std::uint32_t> released_;
  std::size_t outstanding_ = 0;
  std::uint64_t awaited_bytes_ = 0;
  bool trusted_ = true, seen_not_copied_ = false;
};

}  // namespace xover
