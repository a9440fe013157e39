// The common data path of socket channels; how they end is in socket_channel_end.cpp.
#include "transports/common/socket_channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace xover {

namespace {

constexpr std::size_t max_outstanding_calls = 4096;
constexpr std::uint8_t passes_between_looks = 64;

}  // namespace

SocketChannel::SocketChannel(SocketShared& shared, std::uint32_t index, FileDescriptor socket, bool zerocopy)
    : shared_(shared), socket_(std::move(socket)), offered_(shared.max_offered), index_(index) {
  if (!zerocopy) return;
  notifications_.emplace(shared.depth, max_outstanding_calls);
  if (!shared.device_gathers) notifications_->distrust();
}

bool SocketChannel::refuses() noexcept {
  if (state_ != State::alive) return true;
  if (shut_) refusal_ = {ErrorCode::cancelled, 0, "submit after shutdown_send"};
  return shut_;
}

Stop SocketChannel::obstacle() noexcept {
  if (refuses()) return Stop::failed;
  return may_send() ? Stop::none : Stop::busy;
}

Submitted SocketChannel::submit(std::span<const SendOp> ops) noexcept {
  if (refuses()) return {0, Stop::failed};
  shared_.slowdown.before_send();
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Attempt attempt = may_send() ? send_op(ops[i]) : Attempt::busy;
    if (attempt == Attempt::accepted) {
      accept_op();
      continue;
    }
    if (attempt == Attempt::failed) return {i, Stop::failed};
    ++shared_.counters.busy;
    return {i, Stop::busy};
  }
  return {ops.size(), Stop::none};
}

std::size_t SocketChannel::offer(std::span<const RxBuffer> buffers) noexcept {
  if (state_ != State::alive || peer_ended_) return 0;
  unread_data_ = false;
  std::size_t taken = 0;
  for (; taken < buffers.size() && offered_.room() > 0; ++taken) offered_.push(buffers[taken]);
  return taken;
}

void SocketChannel::shutdown_send() noexcept {
  shut_ = true;
  if (state_ != State::alive || send_ended_ || sending() || held_back_) return;
  send_ended_ = true;
  end_sending();
}

void SocketChannel::progress() noexcept {
  if (state_ == State::dead) return;
  if (second_socket_) attend();
  if (state_ == State::alive && sending() && room_for_call() && writable()) send_rest(MSG_DONTWAIT);
  if (shut_ && !send_ended_) shutdown_send();
  if (outstanding() != 0 || error_event_) read_notifications();
  if (state_ == State::alive) {
    if (reads()) {
      receive(MSG_DONTWAIT);
    } else if (++idle_passes_ % passes_between_looks == 0) {
      look_for_end();
    }
  }
  if (state_ == State::dying) finish_dying();
}

// --- sending

void SocketChannel::complete_sent(Token token, std::uint64_t bytes) noexcept {
  Completion completion;
  completion.channel = index_;
  completion.moments = Moment::sent;
  completion.token = token;
  completion.bytes = bytes;
  shared_.push(std::move(completion));
}

void SocketChannel::complete_send(Token token, std::uint64_t bytes, Failure failure) noexcept {
  ledger_.complete(Handover::kernel_by_design, bytes);
  Completion completion;
  completion.channel = index_;
  completion.moments = failure ? Moments(Moment::released) : Moment::sent | Moment::released;
  completion.evidence = Handover::kernel_by_design;
  completion.token = token;
  completion.bytes = bytes;
  completion.failure = failure;
  shared_.push(std::move(completion));
}

// Only a socket that was full a moment ago is asked. A poll takes no lock, whereas vain sends would keep the protocol
// from working on the acknowledgements that make room.
bool SocketChannel::writable() const noexcept {
  if (!send_blocked_) return true;
  pollfd watched{socket_.get(), POLLOUT, 0};
  return poll(&watched, 1, 0) != 0;
}

SocketChannel::Attempt SocketChannel::not_sent(int errno_value, const char* operation) noexcept {
  if (errno_value == EAGAIN || errno_value == EINTR) {
    send_blocked_ = true;
    return Attempt::busy;
  }
  if (errno_value == ENOBUFS) return stall();
  die(failure_of_errno(errno_value, operation));
  return Attempt::failed;
}

// ENOBUFS: the socket's option memory or the user's locked memory is used up, by this channel or by others. Releasing
// what is outstanding gives some back; where nothing is, only others can, and that is waited for with a bound.
SocketChannel::Attempt SocketChannel::stall() noexcept {
  ++shared_.counters.enobufs_stalls;
  const bool too_long = memory_stall_.lasts_too_long(outstanding() != 0);
  stalled_ = true;
  if (outstanding() != 0) read_notifications();
  if (!too_long) return Attempt::busy;
  die({ErrorCode::no_memory, ENOBUFS, "send: net.core.optmem_max or RLIMIT_MEMLOCK (ulimit -l) is exhausted"});
  return Attempt::failed;
}

// --- notifications

void SocketChannel::read_notifications() noexcept {
  const bool was_told = std::exchange(error_event_, false);
  bool found = false;
  int lost_by = 0;
  do {
    ++shared_.counters.error_queue_reads;
    const ErrorQueueRecord record = read_error_queue(socket_.get());
    if (record.kind == ErrorQueueRecord::Kind::none) break;
    found = true;
    if (record.kind == ErrorQueueRecord::Kind::error) {
      if (record.errno_value != 0) network_reported(record.errno_value);
    } else if (notifications_) {
      if (!record.copied && lost_by == 0) lost_by = connection_lost_by();
      book(record);
    }
  } while (outstanding() != 0 || !notifications_);
  hand_back_released();
  if (lost_by != 0) die(failure_of_errno(lost_by, "recv"));
  // The event was the socket's own error, then, which nothing else would ask for if no buffer is offered.
  if (was_told && !found && state_ == State::alive && !reads()) look_for_end();
}

void SocketChannel::book(const ErrorQueueRecord& record) noexcept {
  ++shared_.counters.notifications;
  shared_.counters.notification_ids += record.last_id - record.first_id + 1;
  shared_.counters.notifications_copied += record.copied ? 1 : 0;
  notifications_->complete(record.first_id, record.last_id, record.copied, ledger_);
}

// "Not copied" is no evidence once the connection is lost, because the kernel then lets go of pages that it never sent.
// It sets the socket's error before it lets go, so looking after the notification was read cannot miss it, unless
// unread bytes are in front of the error; then the hang-up tells.
int SocketChannel::connection_lost_by() noexcept {
  if (!alive() || !tells_end()) return 0;
  char byte;
  const ssize_t n = recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN && errno != EINTR) {
    notifications_->distrust();
    return errno;
  }
  pollfd watched{socket_.get(), 0, 0};
  if (n > 0 && poll(&watched, 1, 0) > 0 && (watched.revents & POLLHUP)) notifications_->distrust();
  return 0;
}

void SocketChannel::hand_back_released() noexcept {
  if (!notifications_) return;
  for (ZerocopyNotifications::Released released; notifications_->pop_released(released);) {
    complete_released(released.token, released.bytes, released.evidence, released.failure);
  }
}

void SocketChannel::complete_released(Token token, std::uint64_t bytes, Handover evidence, Failure failure) noexcept {
  Completion completion;
  completion.channel = index_;
  completion.moments = Moment::released;
  completion.evidence = evidence;
  completion.token = token;
  completion.bytes = bytes;
  completion.failure = failure;
  shared_.push(std::move(completion));
}

// --- receiving

void SocketChannel::complete_receive(std::size_t bytes, Failure failure) noexcept {
  ledger_.complete(Handover::kernel_by_design, bytes);
  Completion completion;
  completion.channel = index_;
  completion.moments = Moment::received;
  completion.evidence = Handover::kernel_by_design;
  completion.token = offered_.front().token;
  completion.bytes = bytes;
  completion.failure = failure;
  shared_.push(std::move(completion));
  offered_.pop();
}

void SocketChannel::complete_discarded(std::size_t bytes, Handover evidence) noexcept {
  ledger_.complete(evidence, bytes);
  Completion completion;
  completion.channel = index_;
  completion.moments = Moment::received;
  completion.evidence = evidence;
  completion.bytes = bytes;
  discarded_waits_ = true;
  shared_.push(std::move(completion));
}

// --- waiting

SocketChannel::Block SocketChannel::may_block() const noexcept {
  if (nonblocking_ || state_ != State::alive || stalled() || outstanding() != 0 || error_event_) return Block::none;
  if (!offered_.empty()) return sending() || send_blocked_ ? Block::none : Block::receiving;
  return sending() && room_for_call() ? Block::sending : Block::none;
}

void SocketChannel::block(Block on) noexcept {
  if (on == Block::receiving) receive(0);
  if (on == Block::sending) send_rest(0);
}

void SocketChannel::look_for_notifications() noexcept {
  if (second_socket_ && state_ != State::dead) {
    attend();
    before_sleep();
  }
  if (outstanding() != 0) read_notifications();
}

pollfd SocketChannel::interest() const noexcept {
  pollfd watched{-1, 0, 0};
  if (state_ == State::dead) return watched;
  if (state_ == State::alive) {
    if (reads()) watched.events |= POLLIN;
    if (!reads() && tells_end() && !peer_ended_ && !unread_data_) watched.events |= POLLRDHUP;
    if ((sending() || send_blocked_) && !stalled() && room_for_call()) watched.events |= POLLOUT;
  }
  if (watched.events != 0 || outstanding() != 0) watched.fd = socket_.get();
  return watched;
}

void SocketChannel::take_events(short events) noexcept {
  if (events & (POLLOUT | POLLERR | POLLHUP)) send_blocked_ = false;
  if (events & POLLERR) error_event_ = true;
  if (events & (POLLRDHUP | POLLHUP) && state_ == State::alive && !reads()) look_for_end();
}

}  // namespace xover
