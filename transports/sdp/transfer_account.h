// The account of a transfer: where the time of an SDP connection goes, phase by phase, at this side.
//
// Phases may lie over each other when several transfers are under way: their sums say what each phase cost, not how
// long the whole took. Where the fabric's time is virtual, so are they. Switched off, no clock is read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/clock.h"
#include "core/transport.h"
#include "transports/rdma/fabric.h"

namespace xover {

enum class TransferPhase : std::uint8_t {
  lookup,        // memory that the registration cache knew
  registration,  // pin and register: memory that it did not know
  advert_wait,   // sink: from a SrcAvail's arrival to the first read of it, so mostly for a receive to be offered;
                 // source: from a SinkAvail's arrival to the first write
  wire,          // a read or write, from its post until its result
  completion_message,  // from the last byte read or written until RdmaRdCompl or RdmaWrCompl is posted
  advert_round_trip,   // from an advert's post until it ended: all that the peer did and both ways
  wake_up,             // asleep in wait(), until the result that ended it was reaped
  copy,                // into stages, inline posts and out of private receive buffers
  deregistration,      // giving registered memory back, as far as that deregisters
};

inline constexpr std::size_t transfer_phases = 9;

// A point in time of one account: only differences mean anything.
using AccountTime = std::int64_t;

class TransferAccount {
 public:
  TransferAccount(const Fabric& fabric, bool on) : fabric_(fabric), on_(on), virtual_(fabric.limits().virtual_time) {}

  bool on() const noexcept { return on_; }
  AccountTime now() const noexcept {
    if (!on_) return 0;
    return virtual_ ? fabric_.now() : static_cast<AccountTime>(ticks_now());
  }
  // Returns the present, so that one look at the clock ends a phase and begins the next.
  AccountTime add_since(TransferPhase phase, AccountTime begin) noexcept {
    const AccountTime end = now();
    add(phase, end - begin);
    return end;
  }
  void add(TransferPhase phase, AccountTime duration) noexcept { spent_[static_cast<std::size_t>(phase)] += duration; }
  void count_transfer() noexcept { ++transfers_; }  // an advert, of either side, that ended with all its bytes moved

  std::int64_t spent_ns(TransferPhase phase) const noexcept;
  std::uint64_t transfers() const noexcept { return transfers_; }
  // account_lookup_ns, ... and account_transfers; nothing when switched off.
  void append_to(std::vector<Counter>& counters) const;

 private:
  const Fabric& fabric_;
  const bool on_, virtual_;
  std::array<AccountTime, transfer_phases> spent_{};
  std::uint64_t transfers_ = 0;
};

}  // namespace xover
