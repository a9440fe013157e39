// The channel between its two halves, and its end.
#include "transports/uring/uring_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "transports/common/sockets.h"

namespace xover {

UringChannel::UringChannel(UringShared& shared, std::uint32_t index, FileDescriptor socket)
    : shared_(shared),
      index_(index),
      socket_(std::move(socket)),
      sending_(shared, index, ledger_),
      receiving_(shared, index, ledger_) {}

Submitted UringChannel::submit(std::span<const SendOp> ops) noexcept {
  if (state_ != State::alive) return {0, Stop::failed};
  if (shut_) {
    refusal_ = {ErrorCode::cancelled, 0, "submit after shutdown_send"};
    return {0, Stop::failed};
  }
  shared_.slowdown.before_send();
  for (std::size_t i = 0; i < ops.size(); ++i) {
    Failure failure;
    const auto taken = in_flight_ < shared_.limits.depth ? sending_.take(ops[i], failure) : UringSending::Taken::busy;
    if (taken == UringSending::Taken::yes) {
      ++in_flight_;
      continue;
    }
    if (taken == UringSending::Taken::failed) {
      die(failure);
      return {i, Stop::failed};
    }
    ++shared_.counters.busy;
    return {i, Stop::busy};
  }
  return {ops.size(), Stop::none};
}

std::size_t UringChannel::offer(std::span<const RxBuffer> buffers) noexcept {
  if (state_ != State::alive || peer_ended_) return 0;
  unread_data_ = false;
  return receiving_.offer(buffers);
}

void UringChannel::shutdown_send() noexcept {
  shut_ = true;
  if (state_ != State::alive || send_ended_ || sending_.unsent() || sending_.chain_under_way()) return;
  send_ended_ = true;
  if (has_peer_end()) ::shutdown(socket_.get(), SHUT_WR);
}

// --- entries

void UringChannel::take_entry(RequestName name, int result, unsigned flags) noexcept {
  if (state_ == State::dead) return;  // only behind a death that its bound has ended
  Failure failure;
  switch (name.kind) {
    case RequestName::Kind::send:
      if ((flags & IORING_CQE_F_NOTIF) != 0) {
        take_notification(name.number, result);
      } else {
        failure = sending_.first_entry(name.number, result, (flags & IORING_CQE_F_MORE) != 0);
      }
      break;
    case RequestName::Kind::receive: failure = receiving_.posted_entry(name.number, result); break;
    case RequestName::Kind::multishot: failure = receiving_.multishot_entry(result, flags); break;
    case RequestName::Kind::end_poll:
      end_poll_armed_ = false;
      end_signalled_ = result >= 0;
      break;
    case RequestName::Kind::cancel: cancelling_ = false; break;
  }
  if (failure) die(failure);
}

void UringChannel::take_notification(std::uint32_t request, int usage) noexcept {
  const bool copied = (static_cast<unsigned>(usage) & IORING_NOTIF_USAGE_ZC_COPIED) != 0;
  if (!copied && shared_.settings.report_usage) check_connection();
  sending_.notification(request, copied);
}

// "Not copied" is no evidence once the connection is lost, because the kernel then lets go of pages that it never sent.
// It sets the socket's error before it lets go, so looking after the entry was found cannot miss it, unless unread
// bytes are in front of the error or a send has taken it; then the hang-up tells. One look serves all entries of a
// pass, which were there before it.
void UringChannel::check_connection() noexcept {
  if (state_ != State::alive || !has_peer_end() || checked_ == shared_.drain) return;
  checked_ = shared_.drain;
  char byte;
  const ssize_t n = recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN && errno != EINTR) {
    lost_by_ = errno;
    sending_.notifications().distrust();
    return;
  }
  if (n >= 0 && hung_up()) sending_.notifications().distrust();
}

// Both directions are over. Needed where the socket's error was taken by a send that had already sent a part: such a
// request reports the part, and the error is gone.
bool UringChannel::hung_up() const noexcept {
  pollfd watched{socket_.get(), 0, 0};
  return poll(&watched, 1, 0) > 0 && (watched.revents & POLLHUP) != 0;
}

// --- progress

bool UringChannel::progress() noexcept {
  if (state_ == State::dead) return true;
  if (lost_by_ != 0) die(failure_of_errno(std::exchange(lost_by_, 0), "recv"));
  bool had_room = true;
  if (state_ == State::alive) {
    had_room = sending_.fill();
    if (!peer_ended_) had_room = receiving_.fill() && had_room;
    had_room = arm_end_poll() && had_room;
    if (receiving_.ended() && !peer_ended_) peer_ended();
    if (end_signalled_) look_for_end();
    if (shut_ && !send_ended_) shutdown_send();
  }
  sending_.hand_back_released();
  if (state_ == State::dying) {
    had_room = cancel_all() && had_room;
    finish_dying();
  }
  return had_room;
}

// A multishot receive tells by itself.
bool UringChannel::arm_end_poll() noexcept {
  if (end_polled_ || !has_peer_end() || shared_.settings.multishot) return true;
  io_uring_sqe* entry = shared_.ring.next_sqe();
  if (entry == nullptr) return false;
  io_uring_prep_poll_add(entry, static_cast<int>(index_), POLLRDHUP);
  entry->flags = IOSQE_FIXED_FILE;
  entry->user_data = RequestName{RequestName::Kind::end_poll, index_, 0}.pack();
  end_poll_armed_ = end_polled_ = true;
  return true;
}

// Finds out without a buffer whether the peer has ended or died. Unread bytes come first: then the end waits for
// offers.
void UringChannel::look_for_end() noexcept {
  if (state_ != State::alive || peer_ended_ || unread_data_ || !receiving_.idle() || receiving_.under_way()) return;
  char byte;
  const ssize_t n = recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) unread_data_ = true;
  if (n == 0) peer_ended();
  if (n < 0 && errno != EAGAIN && errno != EINTR) die(failure_of_errno(errno, "recv"));
}

void UringChannel::peer_ended() noexcept {
  // A peer that ended in order leaves the own direction open.
  if (!send_ended_ && hung_up()) return die({ErrorCode::peer_died, ECONNRESET, "recv"});
  peer_ended_ = true;
  receiving_.return_buffers({});
  push_closed({});
}

void UringChannel::push_closed(Failure failure) noexcept {
  if (closed_) return;
  closed_ = true;
  Completion completion;
  completion.channel = index_;
  completion.moments = Moment::closed;
  completion.failure = failure;
  shared_.push(std::move(completion));
}

// --- the end

void UringChannel::abort() noexcept { die({ErrorCode::aborted, 0, "abort"}); }

void UringChannel::die(Failure failure) noexcept {
  if (state_ != State::alive) return;
  state_ = State::dying;
  failure_ = failure;
  death_bound_ = monotonic_now_ns() + death_bound_ns;
  sending_.notifications().distrust();
  receiving_.stop();
  disconnect();
}

void UringChannel::disconnect() noexcept { dissolve_connection(socket_.get()); }

void UringChannel::begin_end() noexcept {
  if (state_ != State::alive) return;
  const bool in_order = send_ended_ && peer_ended_ && sending_.outstanding() == 0;
  if (!in_order) return die({ErrorCode::aborted, 0, "end of the session"});
  state_ = State::dying;
  closed_ = true;
  failure_ = {ErrorCode::aborted, 0, "end of the session"};
  death_bound_ = monotonic_now_ns() + death_bound_ns;
  receiving_.stop();
}

// Again and again while requests are left: one that the kernel is just working on is not found.
bool UringChannel::cancel_all() noexcept {
  if (cancelling_ || !entries_owed()) return true;
  io_uring_sqe* entry = shared_.ring.next_sqe();
  if (entry == nullptr) return false;
  io_uring_prep_cancel_fd(entry, socket_.get(), IORING_ASYNC_CANCEL_ALL);
  entry->user_data = RequestName{RequestName::Kind::cancel, index_, 0}.pack();
  cancelling_ = true;
  return true;
}

void UringChannel::finish_dying() noexcept {
  const bool late = (entries_owed() || sending_.outstanding() != 0) && monotonic_now_ns() >= death_bound_;
  if (!late) {
    if (entries_owed()) return;
    sending_.drop(failure_);
    sending_.hand_back_released();
    if (sending_.outstanding() != 0) return;
  } else {
    sending_.abandon(failure_);
    sending_.hand_back_released();
    receiving_.abandon();
  }
  receiving_.return_buffers(failure_);
  push_closed(failure_);
  state_ = State::dead;
  shared_.ring.clear_file(index_);
  socket_.close();
}

}  // namespace xover
