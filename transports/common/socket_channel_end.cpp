// How a socket channel ends: the peer's end noticed, and the own death, in which everything owed is paid.
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "transports/common/socket_channel.h"
#include "transports/common/sockets.h"

namespace xover {

// Finds out without a buffer whether the peer has ended or died. Unread bytes come first: then the end waits for
// offers.
void SocketChannel::look_for_end() noexcept {
  if (peer_ended_ || !tells_end()) return;
  char byte;
  const ssize_t n = recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) unread_data_ = true;
  if (n == 0) peer_ended();
  if (n < 0 && errno != EAGAIN && errno != EINTR) die(failure_of_errno(errno, "recv"));
}

void SocketChannel::peer_ended() noexcept {
  peer_ended_ = true;
  return_buffers({});
  push_closed({});
}

void SocketChannel::return_buffers(Failure failure) noexcept {
  while (!offered_.empty()) complete_receive(0, failure);
}

void SocketChannel::push_closed(Failure failure) noexcept {
  if (closed_) return;
  closed_ = true;
  Completion completion;
  completion.channel = index_;
  completion.moments = Moment::closed;
  completion.failure = failure;
  shared_.push(std::move(completion));
}

void SocketChannel::abort() noexcept {
  if (state_ != State::alive) return;
  disconnect();
  die({ErrorCode::aborted, 0, "abort"});
}

void SocketChannel::end() noexcept {
  if (state_ == State::alive && !ended_in_order()) disconnect();
  state_ = State::dead;
  socket_.close();
}

void SocketChannel::disconnect() noexcept { dissolve_connection(socket_.get()); }

void SocketChannel::die(Failure failure) noexcept {
  if (state_ != State::alive) return;
  state_ = State::dying;
  failure_ = failure;
  death_bound_ = monotonic_now_ns() + death_bound_ns;
  if (sending() || held_back_) drop_rest(failure);
  if (second_socket_) parting();
  if (notifications_) notifications_->distrust();
  return_buffers(failure);
  if (outstanding() != 0) read_notifications();
  finish_dying();
}

void SocketChannel::finish_dying() noexcept {
  if (outstanding() != 0) {
    if (monotonic_now_ns() < death_bound_) return;
    notifications_->abandon(failure_, ledger_);
  }
  if (second_socket_ && !parted(monotonic_now_ns() >= death_bound_)) return;
  hand_back_released();
  push_closed(failure_);
  state_ = State::dead;
  socket_.close();
}

}  // namespace xover
