// A channel of a DPDK session: its two halves, its line to the peer, its life and its death.
//
// Life: `alive` until the first failure or abort, then `dying` until the peer has let go of lent memory, then `dead`.
// What is owed to the caller is paid on the way: tokens are released, `closed` is last and comes once. A peer that
// ended in order and then went away leaves what it sent to be handed out; only sending dies with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/transport.h"
#include "transports/common/memory_stall.h"
#include "transports/dpdk/dpdk_receiving.h"
#include "transports/dpdk/dpdk_sending.h"
#include "transports/dpdk/dpdk_shared.h"
#include "transports/dpdk/link_side.h"

namespace xover {

class DpdkChannel final : public Channel {
 public:
  DpdkChannel(DpdkShared& shared, std::uint32_t index, Meeting meeting);
  ~DpdkChannel() override;

  std::uint32_t index() const noexcept override { return index_; }
  Submitted submit(std::span<const SendOp> ops) noexcept override;
  std::size_t offer(std::span<const RxBuffer>) noexcept override { return 0; }
  void shutdown_send() noexcept override;
  void abort() noexcept override;
  Failure failure() const noexcept override { return failure_ ? failure_ : refusal_; }
  const Ledger& ledger() const noexcept override { return ledger_; }

  // For the session.
  const std::shared_ptr<Port>& port() const noexcept { return port_; }
  std::uint32_t connection() const noexcept { return connection_; }
  int line_fd() const noexcept { return peer_gone_ ? -1 : line_.fd(); }  // -1: it says nothing any more
  bool receives() const noexcept { return state_ == State::alive; }
  void take(rte_mbuf* frame) noexcept;  // one that claims to be of this connection; owns it from now on
  // What can be done without looking at the clock. True: something moved.
  bool progress() noexcept;
  // What takes time to look at: notices of the peer, stalls, the link. `port_was_empty`: since the call before this one
  // there was a moment when the port had no frames.
  void look_around(MonotonicNs now, bool port_was_empty) noexcept;
  std::size_t reap(std::span<Completion> out) noexcept;
  void begin_end() noexcept;  // of the session
  // Both directions have, and all of that was reported.
  bool ended() const noexcept { return closed_ && sending_->idle() && (end_told_ || state_ != State::alive); }
  bool ready() const noexcept;  // reap() has something
  bool awaits_memory() const noexcept { return sending_->awaits_memory(); }
  // Nothing that a descriptor tells of will come, or not in time.
  bool wants_time() const noexcept;

 private:
  enum class State : std::uint8_t { alive, dying, dead };

  void note_moves(MonotonicNs now) noexcept;
  void hear(MonotonicNs now) noexcept;
  bool notice_waits() const noexcept { return peer_asks_ || peer_gone_ || (peer_finished_ && !peer_ended_); }
  void answer_stalled(std::uint32_t number) noexcept;
  void look_for_end(MonotonicNs now) noexcept;
  void look_for_stall(MonotonicNs now) noexcept;
  void look_at_link(MonotonicNs now) noexcept;
  void free_late_frames(MonotonicNs now) noexcept;
  void tell_end() noexcept;
  void fail(const Failure& why) noexcept;  // tells the peer, too
  void die(const Failure& why) noexcept;
  void finish_dying() noexcept;
  bool report_closed(Completion& out) noexcept;

  DpdkShared& shared_;
  const std::uint32_t index_;
  const std::shared_ptr<Port> port_;
  const std::uint32_t connection_;
  const FrameMatch match_;
  PeerLine line_;
  Ledger ledger_;
  const std::unique_ptr<DpdkSending> sending_;
  DpdkReceiving receiving_;
  State state_ = State::alive;
  bool shut_ = false;           // shutdown_send was called
  bool end_told_ = false;       // and the peer told of it
  bool peer_finished_ = false;  // it said how many frames it sent in all
  std::uint32_t peer_frames_ = 0;
  bool peer_ended_ = false;  // and they are all here, or counted as lost
  bool peer_gone_ = false;   // it hung up
  bool peer_asks_ = false;   // it waits for a grant, having sent asked_frames_
  std::uint32_t asked_frames_ = 0;
  MonotonicNs heard_at_ = 0;                       // the last notice that is acted upon later
  bool closed_ = false;                            // the `closed` completion is out
  bool sending_moved_ = false, received_ = false;  // since look_around()
  MonotonicNs sending_moved_at_ = monotonic_now_ns(), moved_at_ = sending_moved_at_;  // the latter: either direction
  MonotonicNs told_at_ = 0, link_looked_at_ = 0, link_down_since_ = 0, reclaimed_at_ = 0;
  MonotonicNs stall_pause_ns_ = 0;
  MonotonicNs death_bound_ = 0;
  MemoryStall mbuf_stall_;
  Failure failure_, refusal_;
};

}  // namespace xover
