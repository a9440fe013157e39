// The sending half of a channel: takes ops, has them built into frames, and gives these to the port as far as the
// peer's grant reaches. The three ways to build differ in a derived class; it is called once for a burst, not for each
// frame.
//
// Ops are numbered from 0 on and go through four stages in order, each with a cursor:
//
//   oldest_ <= returned_ <= handed_ <= building_ <= next_
//
// [oldest_, returned_) have their memory back and are to be reported, [returned_, handed_) were taken whole by the
// port, [handed_, building_) are built whole, building_ is being built, and those behind it wait. A frame that was
// built and not taken goes first in the next burst, unchanged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/dpdk/dpdk_shared.h"
#include "transports/dpdk/frame.h"
#include "transports/dpdk/port.h"

namespace xover {

// How a channel's frames are addressed, and how many the peer takes.
struct SendingRoute {
  std::shared_ptr<Port> port;
  std::uint32_t connection = 0;
  FrameAddress own, peer;
  std::uint32_t peer_window_frames = 0;
};

class DpdkSending {
 public:
  static std::unique_ptr<DpdkSending> make(DpdkShared& shared, std::uint32_t channel, Ledger& ledger,
                                           const SendingRoute& route);
  virtual ~DpdkSending();
  DpdkSending(const DpdkSending&) = delete;
  DpdkSending& operator=(const DpdkSending&) = delete;

  // What this end grants the peer, which the frames carry that are built from now on; and the last that it was told.
  void set_own_grant(std::uint32_t granted) noexcept { own_grant_ = granted; }
  void own_grant_was_told() noexcept { told_grant_ = own_grant_; }
  std::uint32_t told_grant() const noexcept { return told_grant_; }
  // What the peer grants. Older grants than the last are ignored, and those of more than its window, which the network
  // may have made up.
  void take_grant(std::uint32_t granted) noexcept;

  std::size_t in_flight() const noexcept { return next_ - oldest_; }  // taken, and the `released` not yet reported
  void take(const SendOp& op) noexcept;                               // there is room

  // Builds and sends what can go now. True: the port took something.
  bool pump() noexcept;
  // A frame without payload and number, with the grant set by set_own_grant(). False: no mbuf, or no room in the port.
  bool send_grant() noexcept;
  // Looks at which ops have their memory back. Not thoroughly, as pump() does, it may put off looking for a few calls,
  // because each look at what the receiver is about to write slows the receiver down.
  void collect(bool thoroughly) noexcept;
  bool next_completion(Completion& out) noexcept;  // false: nothing to report

  bool all_handed() const noexcept { return handed_ == next_; }
  bool idle() const noexcept { return oldest_ == next_; }
  bool ready() const noexcept { return oldest_ != returned_ || (sent_ < sent_due_ && !stopped_); }  // to be reported
  // Most ops have their memory back soon after they were sent, and one completion then says both. Those for which that
  // takes longer get a `sent` of their own once this was called behind it.
  void report_sent_so_far() noexcept { sent_due_ = handed_; }
  bool awaits_memory() const noexcept { return returned_ != handed_; }
  // Sending is held up: by the peer's grant, by a pool, or by memory that cannot be registered now.
  bool awaits_grant() const noexcept { return building_ != next_ && built_count_ == 0 && credits() == 0; }
  bool awaits_mbufs() const noexcept { return building_ != next_ && dry_; }
  bool awaits_port() const noexcept { return built_count_ != 0; }
  bool frames_with_peer() const noexcept { return number_ + peer_window_ != granted_; }  // as far as it has told
  std::uint32_t frames_sent() const noexcept { return number_ - built_count_; }
  // What cannot be got over: the channel is to die of it.
  const Failure& failure() const noexcept { return broken_; }

  // The channel has died: nothing is built any more, what was built and not sent is freed, and each op that has not its
  // memory back now ends in this failure.
  void stop(const Failure& why) noexcept;
  // Behind stop(): every op ends now, although its memory may still be in use. Counted.
  void abandon() noexcept;

 protected:
  struct Op {
    Token token = 0;
    std::span<const Segment> segments;
    std::uint64_t bytes = 0;
    std::uint64_t built_bytes = 0;   // in frames
    std::uint64_t handed_bytes = 0;  // of these, in frames that the port took
    std::uint64_t offset = 0;        // in the segment to build from
    std::uint32_t segment = 0;
    std::uint16_t part = 0;  // frames built
  };

  DpdkSending(DpdkShared& shared, std::uint32_t channel, Ledger& ledger, const SendingRoute& route);

  // Builds up to so many frames, beginning with op building_, by add_frame(). Sets dry_ where it stops early.
  virtual void build(std::size_t frames) noexcept = 0;
  // Whether the memory of the last of so many ops from returned_ on is back, as far as one look tells.
  virtual bool seems_back(std::uint64_t ops) noexcept = 0;
  // Moves returned_ behind the ops that have their memory back.
  virtual void take_back() noexcept = 0;
  // None will be built of these ops any more, whether or not all of their frames were.
  virtual void give_up(std::uint64_t, std::uint64_t) noexcept {}
  // These ops will be reported whether or not their memory is back.
  virtual void forget(std::uint64_t, std::uint64_t) noexcept {}

  Op& op(std::uint64_t number) noexcept { return ops_[number & mask_]; }
  std::size_t place_of(std::uint64_t number) const noexcept { return number & mask_; }
  std::uint32_t credits() const noexcept;
  // An mbuf with all_header_bytes of data, to be written by add_frame() or send_grant(); null: the pool is dry.
  rte_mbuf* take_headers() noexcept;

  // Completes the next frame, of op building_: `first` is the mbuf that begins with the headers' room, `segments` mbufs
  // of a chain in all. May end the op.
  void add_frame(rte_mbuf* first, std::size_t payload_bytes, std::size_t segments) noexcept;

  DpdkShared& shared_;
  const std::uint32_t channel_;
  Ledger& ledger_;
  const std::shared_ptr<Port> port_;
  const std::uint32_t connection_;
  const FrameTemplate template_;
  const std::size_t payload_bytes_;
  std::vector<Op> ops_;
  std::uint64_t mask_;
  std::uint64_t oldest_ = 0, returned_ = 0, handed_ = 0, building_ = 0, next_ = 0;
  bool dry_ = false;
  Failure broken_;

 private:
  struct Built {
    std::uint32_t bytes = 0;
    std::uint32_t granted = 0;
    bool last = false;
  };

  void write_headers(rte_mbuf* first, FrameHeader header, std::size_t payload_bytes) const noexcept;
  void note_taken(std::size_t count) noexcept;
  bool report_released(Completion& out) noexcept;
  bool report_sent(Completion& out) noexcept;
  void note_stalls(bool was_dry) noexcept;

  std::array<rte_mbuf*, most_burst> frames_;  // built and not taken
  std::array<Built, most_burst> notes_;       // likewise
  std::uint32_t built_count_ = 0;
  std::uint32_t number_ = 0;   // of the next data frame
  std::uint32_t granted_ = 0;  // the first that must not be sent
  std::uint32_t peer_window_ = 0;
  std::uint32_t own_grant_ = 0, told_grant_ = 0;
  std::uint64_t sent_ = 0;             // the first op whose `sent` has not been reported
  std::uint64_t sent_due_ = 0;         // the first whose `sent` may wait for its `released`
  std::uint64_t intact_ = UINT64_MAX;  // ops before this one had their memory back when the channel died
  bool grant_stalled_ = false;         // has been counted
  unsigned put_off_ = 0;               // calls of collect() that looked no further than at the last of a batch
  Failure stopped_;
};

}  // namespace xover
