// What a channel over a connected socket is, whatever the protocol: buffers offered, zero-copy notifications awaited,
// life and death. The protocol's own data path (how an op is sent, how a buffer is filled) is in the derived class.
//
// Life: `alive` until the first failure or abort, then `dying` while notifications may still come, then `dead`. What is
// owed to the caller is paid on the way: tokens are released, buffers come back, `closed` is last and only once.
// The socket is in blocking mode, unless the derived class says `nonblocking_`; every call that must not block says
// MSG_DONTWAIT.
//
// A derived class may have a second socket to the same peer, for words about the bytes of the first (`second_socket_`).
// It is attended whenever the channel is reaped, the waiter polls it, and a dying channel stays until it has `parted`.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/transport.h"
#include "transports/common/error_queue.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/memory_stall.h"
#include "transports/common/ring.h"
#include "transports/common/socket_shared.h"
#include "transports/common/zerocopy_notifications.h"

namespace xover {

class SocketChannel : public Channel {
 public:
  SocketChannel(SocketShared& shared, std::uint32_t index, FileDescriptor socket, bool zerocopy);
  ~SocketChannel() override = default;

  std::uint32_t index() const noexcept final { return index_; }
  Submitted submit(std::span<const SendOp> ops) noexcept final;
  std::size_t offer(std::span<const RxBuffer> buffers) noexcept final;
  void shutdown_send() noexcept final;
  void abort() noexcept final;
  Failure failure() const noexcept final { return failure_ ? failure_ : refusal_; }
  const Ledger& ledger() const noexcept final { return ledger_; }

  // For the session: everything that can be done now without blocking.
  void progress() noexcept;
  // For the session: the caller has been given the `released` of one op.
  void released_was_reaped() noexcept { --in_flight_; }
  void discarded_was_reaped() noexcept { discarded_waits_ = false; }
  // For the session's end: drops what is unsent and closes, without completions.
  void end() noexcept;
  int fd() const noexcept { return socket_.get(); }

  // For the waiter.
  enum class Block : std::uint8_t { none, receiving, sending };
  Block may_block() const noexcept;        // the one thing that this channel waits for, where it is one
  void block(Block on) noexcept;           // does it, for at most the socket's timeout
  void look_for_notifications() noexcept;  // often they are there already: cheaper than to poll for them
  pollfd interest() const noexcept;        // what poll should watch; fd -1: nothing
  virtual pollfd second_interest() const noexcept { return {-1, 0, 0}; }
  virtual void take_second_events(short events) noexcept { (void)events; }
  bool stalled() const noexcept { return stalled_; }  // waits for what no event will tell of: memory, a device
  void pause_is_over() noexcept { stalled_ = false; }
  void take_events(short events) noexcept;  // what poll saw

 protected:
  // The outcome of trying one op, and of trying to send on.
  enum class Attempt : std::uint8_t { accepted, busy, failed };

  virtual Attempt send_op(const SendOp& op) noexcept = 0;
  virtual bool sending() const noexcept { return false; }              // a part of an accepted op is still to go
  virtual void send_rest(int flags) noexcept { (void)flags; }          // flags: MSG_DONTWAIT or 0
  virtual void drop_rest(Failure failure) noexcept { (void)failure; }  // ends the op that sending() speaks of
  virtual void receive(int flags) noexcept = 0;                        // fills offered buffers; flags as above
  virtual bool tells_end() const noexcept { return true; }             // the protocol says when the peer has ended
  virtual void end_sending() noexcept {}                               // shutdown_send, once nothing is left to go
  virtual void network_reported(int errno_value) noexcept { (void)errno_value; }  // an error queue record

  // Called only with a second socket:
  virtual void attend() noexcept {}        // reads and writes what can be without blocking
  virtual void before_sleep() noexcept {}  // the last chance to tell the peer what it may be waiting for
  virtual void parting() noexcept {}       // the channel has begun to die: tell the peer
  // A dying channel: releases what it still lends, if it may (`overdue`: it must). False: it may not yet.
  virtual bool parted(bool overdue) noexcept {
    (void)overdue;
    return true;
  }

  void complete_sent(Token token, std::uint64_t bytes) noexcept;  // zero-copy: sent, not yet released
  void complete_send(Token token, std::uint64_t bytes, Failure failure = {}) noexcept;  // sent and released at once
  void complete_receive(std::size_t bytes, Failure failure = {}) noexcept;              // of the foremost buffer
  void complete_discarded(std::size_t bytes, Handover evidence) noexcept;               // where nothing is offered
  void complete_released(Token token, std::uint64_t bytes, Handover evidence, Failure failure) noexcept;
  Attempt not_sent(int errno_value, const char* operation) noexcept;  // sorts a send call's errno
  void bytes_went() noexcept {                                        // to be called after each successful send call
    stalled_ = send_blocked_ = false;
    memory_stall_.is_over();
    ++shared_.steps;
  }
  void await_device() noexcept { stalled_ = true; }  // a device's queue is full: the waiter must not sleep long
  void read_notifications() noexcept;
  void peer_ended() noexcept;
  void die(Failure failure) noexcept;
  void disconnect() noexcept;
  bool alive() const noexcept { return state_ == State::alive; }
  bool ended_in_order() const noexcept { return send_ended_ && peer_ended_ && outstanding() == 0; }
  bool has_peer_ended() const noexcept { return peer_ended_; }
  void accept_op() noexcept { ++in_flight_; }
  // Whether another op can be tried now, by what the channel itself knows.
  bool may_send() const noexcept {
    return in_flight_ < shared_.depth && !sending() && !held_back_ && room_for_call() && writable();
  }
  bool may_discard() const noexcept { return !discarded_waits_; }
  // Why no op would be accepted now, as submit() would say it.
  Stop obstacle() noexcept;

  SocketShared& shared_;
  FileDescriptor socket_;
  Ring<RxBuffer> offered_;
  Ledger ledger_;
  std::optional<ZerocopyNotifications> notifications_;  // engaged on zero-copy channels
  bool second_socket_ = false;
  bool nonblocking_ = false;  // the socket itself is: no call on it sleeps
  bool held_back_ = false;    // takes no op now, because one that was accepted waits for more than this socket
  bool discards_ = false;     // receives without buffers: receive() is called although none is offered

 private:
  enum class State : std::uint8_t { alive, dying, dead };

  bool reads() const noexcept { return discards_ ? !peer_ended_ : !offered_.empty(); }
  bool refuses() noexcept;         // submits, whatever they are
  bool writable() const noexcept;  // false: a send would find the socket's buffer full
  bool room_for_call() const noexcept { return !notifications_ || notifications_->room(); }
  Attempt stall() noexcept;
  void book(const ErrorQueueRecord& record) noexcept;
  int connection_lost_by() noexcept;  // 0: it stands
  void hand_back_released() noexcept;
  void look_for_end() noexcept;
  void return_buffers(Failure failure) noexcept;
  void push_closed(Failure failure) noexcept;
  void finish_dying() noexcept;
  std::size_t outstanding() const noexcept { return notifications_ ? notifications_->outstanding_ids() : 0; }

  std::uint32_t index_;
  State state_ = State::alive;
  bool send_blocked_ = false;  // an op was refused because the socket's buffer is full
  bool shut_ = false;          // shutdown_send was called
  bool send_ended_ = false;    // and has been done
  bool peer_ended_ = false;
  bool unread_data_ = false;      // the peer's end would be behind bytes that wait for an offer
  bool error_event_ = false;      // poll saw an error: the error queue has something to say
  bool closed_ = false;           // the `closed` completion is out
  bool discarded_waits_ = false;  // a `received` of discarded bytes has not been reaped
  std::uint8_t idle_passes_ = 0;
  std::size_t in_flight_ = 0;  // accepted, and the `released` not yet reaped
  bool stalled_ = false;       // a send was refused for want of memory or of room in a device, and not tried again
  MemoryStall memory_stall_;
  MonotonicNs death_bound_ = 0;
  Failure failure_, refusal_;
};

}  // namespace xover
