// The receiving half of a channel: checks the numbers of its frames, hands out what they carry piece by piece, and
// counts what comes back for the peer's next grant.
//
// Frames are handed out in order and without waiting for the rest of their message. A frame counts as consumed when its
// last lease has come back, or at once when it was lost. The window bounds how many frames are here at a time, so the
// queue always has room for what a peer that keeps to it sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/transport.h"
#include "transports/common/ring.h"
#include "transports/dpdk/dpdk_shared.h"
#include "transports/dpdk/frame.h"

namespace xover {

class DpdkReceiving final : public LeaseOwner {
 public:
  DpdkReceiving(DpdkShared& shared, std::uint32_t channel, Ledger& ledger);
  ~DpdkReceiving() { drop(); }
  DpdkReceiving(const DpdkReceiving&) = delete;
  DpdkReceiving& operator=(const DpdkReceiving&) = delete;

  // Takes a frame of this connection, with its headers, and owns it from now on. One that was never granted is a stray:
  // whatever the network makes up, numbers move by a window at most. A failure means that the channel is to die of it.
  Failure take(rte_mbuf* frame, const FrameHeader& header, std::size_t payload_bytes) noexcept;
  bool next_completion(Completion& out) noexcept;  // false: nothing to report
  void give_back(std::uint64_t handle) noexcept override;

  // The first frame that the peer must not send yet.
  std::uint32_t grant() const noexcept { return consumed_ + shared_.settings.window_frames; }
  // Enough came back since this grant was told to tell of it.
  bool grant_due(std::uint32_t told) const noexcept { return grant() - told >= grant_step_; }

  // All frames up to this number were sent, and those that are missing will not come. Ignored beyond the grant.
  void skip_to(std::uint32_t number) noexcept;
  std::uint32_t expected() const noexcept { return expected_; }  // the number of the next frame

  bool empty() const noexcept { return queue_.empty(); }  // everything that came was handed out
  void drop() noexcept;                                   // what was not handed out

 private:
  struct Queued {
    rte_mbuf* chain = nullptr;  // payload alone; null: none
    bool first = false;         // begins a message
    bool last = false;          // ends one
    std::uint32_t slot = 0;     // where its leases are counted; 0: only one
  };

  rte_mbuf* payload_of(rte_mbuf* frame, std::size_t payload_bytes) noexcept;
  bool note_gap(std::uint32_t number) noexcept;
  void cut_message() noexcept;
  std::uint32_t slot_for(const rte_mbuf* chain) noexcept;

  DpdkShared& shared_;
  const std::uint32_t channel_;
  Ledger& ledger_;
  Ring<Queued> queue_;
  // Outstanding leases of frames that were cut into several; slot 0 is not used.
  std::vector<std::uint32_t> leases_;
  std::vector<std::uint32_t> free_slots_;
  const std::uint32_t grant_step_;
  std::uint32_t expected_ = 0, consumed_ = 0;
  std::uint16_t piece_ = 0;
  bool inside_message_ = false;  // of what arrived: the last frame did not end its message
  bool skipping_ = false;        // to the next message, because a frame of this one was lost
};

}  // namespace xover
