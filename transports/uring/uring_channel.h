// A channel of an io_uring session: a connected socket in the ring's table of files, its two halves, its life and its
// death.
//
// Life: `alive` until the first failure or abort, then `dying` while entries and notifications may still come, then
// `dead`. What is owed to the caller is paid on the way: tokens are released, buffers come back, `closed` is last and
// only once. The socket is in blocking mode, so that the ring waits for it instead of saying EAGAIN.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/transport.h"
#include "transports/common/file_descriptor.h"
#include "transports/uring/uring_receiving.h"
#include "transports/uring/uring_sending.h"
#include "transports/uring/uring_shared.h"

namespace xover {

class UringChannel final : public Channel {
 public:
  // The socket is in the ring's table of files at `index`.
  UringChannel(UringShared& shared, std::uint32_t index, FileDescriptor socket);

  std::uint32_t index() const noexcept override { return index_; }
  Submitted submit(std::span<const SendOp> ops) noexcept override;
  std::size_t offer(std::span<const RxBuffer> buffers) noexcept override;
  void shutdown_send() noexcept override;
  void abort() noexcept override;
  Failure failure() const noexcept override { return failure_ ? failure_ : refusal_; }
  const Ledger& ledger() const noexcept override { return ledger_; }

  // For the session.
  void take_entry(RequestName name, int result, unsigned flags) noexcept;
  bool progress() noexcept;  // what can be done now; false: the submission queue or the budget had no room
  void released_was_reaped() noexcept { --in_flight_; }
  void die(Failure failure) noexcept;
  void begin_end() noexcept;  // of the session: everything is dropped
  bool dead() const noexcept { return state_ == State::dead; }
  bool wants_time() const noexcept { return state_ == State::dying || sending_.stalled(); }
  int fd() const noexcept { return socket_.get(); }

 private:
  enum class State : std::uint8_t { alive, dying, dead };

  bool has_peer_end() const noexcept { return !shared_.settings.datagrams; }
  bool arm_end_poll() noexcept;
  void look_for_end() noexcept;
  void take_notification(std::uint32_t request, int usage) noexcept;
  void check_connection() noexcept;
  bool hung_up() const noexcept;
  void peer_ended() noexcept;
  void push_closed(Failure failure) noexcept;
  bool cancel_all() noexcept;
  void finish_dying() noexcept;
  void disconnect() noexcept;
  bool entries_owed() const noexcept {
    return sending_.chain_under_way() || receiving_.under_way() || end_poll_armed_ || cancelling_;
  }

  UringShared& shared_;
  std::uint32_t index_;
  FileDescriptor socket_;
  Ledger ledger_;
  UringSending sending_;
  UringReceiving receiving_;
  State state_ = State::alive;
  std::size_t in_flight_ = 0;  // accepted, and the `released` not yet reaped
  bool shut_ = false;          // shutdown_send was called
  bool send_ended_ = false;    // and has been done
  bool peer_ended_ = false;
  bool closed_ = false;          // the `closed` completion is out
  bool end_poll_armed_ = false;  // a request that tells when the peer has ended, whether or not buffers are offered
  bool end_polled_ = false;      // it was armed once
  bool end_signalled_ = false;   // and has told
  bool unread_data_ = false;     // the peer's end is behind bytes that wait for an offer
  bool cancelling_ = false;      // a cancel request is under way
  std::uint64_t checked_ = 0;    // the drain in which the connection was looked at
  int lost_by_ = 0;              // errno that it was found to be lost by
  MonotonicNs death_bound_ = 0;
  Failure failure_, refusal_;
};

}  // namespace xover
