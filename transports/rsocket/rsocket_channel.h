// A channel over one rsocket: at most one op is on its way in parts at any time, so order needs no queue.
//
// The library copies at both ends. What it copied is booked as copied in user space, and beside that by the class of
// the device that carried it.
//
// The protocol has one word for "I will send no more" and one for "I am gone". An end that has ended its own sending
// hears the second one from a peer that ends in order, too, so that from then on a peer that breaks off looks like one
// that ended.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/transport.h"
#include "transports/common/ring.h"
#include "transports/common/slowdown.h"
#include "transports/rsocket/rsocket_ending.h"

namespace xover {

// What all channels of a session share.
struct RsocketShared {
  RsocketShared(const Limits& limits_of_session, Handover handover_of_device, std::int64_t slowdown_percent)
      : limits(limits_of_session),
        handover(handover_of_device),
        // Of each channel: released of every op, received of every buffer, and one closed.
        completions(limits.max_channels * (limits.depth + limits.max_offered + 1)),
        slowdown(slowdown_percent) {}

  Limits limits;
  Handover handover;
  Ring<Completion> completions;
  Slowdown slowdown;
  std::uint64_t send_calls = 0, receive_calls = 0, partial_sends = 0, busy = 0;
};

class RsocketChannel final : public Channel {
 public:
  RsocketChannel(RsocketShared& shared, std::uint32_t index, std::unique_ptr<RsocketEnding> socket);

  std::uint32_t index() const noexcept override { return index_; }
  Submitted submit(std::span<const SendOp> ops) noexcept override;
  std::size_t offer(std::span<const RxBuffer> buffers) noexcept override;
  void shutdown_send() noexcept override;
  void abort() noexcept override;
  Failure failure() const noexcept override { return failure_ ? failure_ : refusal_; }
  const Ledger& ledger() const noexcept override { return ledger_; }

  // For the session.
  void progress() noexcept;
  void released_was_reaped() noexcept { --in_flight_; }
  int socket() const noexcept { return socket_->socket(); }
  short interest() const noexcept;  // what rpoll should watch; 0: nothing
  bool ending() const noexcept { return socket_->busy(); }
  bool alive() const noexcept { return alive_; }

 private:
  // The op on its way, from its first byte that has not gone.
  struct Outgoing {
    Token token = 0;
    std::span<const Segment> segments;
    std::uint64_t sent_bytes = 0;
    std::size_t size_bytes = 0;
    std::size_t segment = 0, segment_offset = 0;
  };

  Stop send_op(const SendOp& op) noexcept;
  bool send_more() noexcept;  // false: nothing went
  void complete_send(Failure failure) noexcept;
  void receive() noexcept;
  void complete_receive(std::size_t bytes, Failure failure) noexcept;
  void look_for_end() noexcept;
  void stream_ended() noexcept;
  void push_closed(Failure failure) noexcept;
  void die(Failure failure) noexcept;

  RsocketShared& shared_;
  std::uint32_t index_;
  std::unique_ptr<RsocketEnding> socket_;
  std::unique_ptr<iovec[]> vectors_;
  Ring<RxBuffer> offered_;
  Ledger ledger_;
  Outgoing out_;
  bool sending_ = false;
  bool blocked_ = false;     // the last send found no room
  bool shut_ = false;        // shutdown_send was called
  bool send_ended_ = false;  // and has been begun
  bool peer_ended_ = false;
  bool unread_data_ = false;  // the peer's end would be behind bytes that wait for an offer
  bool alive_ = true;
  bool closed_ = false;
  std::uint8_t idle_passes_ = 0;
  std::size_t in_flight_ = 0;  // accepted, and the `released` not yet reaped
  Failure failure_, refusal_;
};

}  // namespace xover
