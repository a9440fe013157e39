// Sending, receiving and noticing the end, all without blocking.
#include "transports/rsocket/rsocket_channel.h"

#include <rdma/rsocket.h>

#include <cassert>
#include <cerrno>
#include <utility>

namespace xover {

namespace {

constexpr std::uint8_t passes_between_looks = 64;

bool is_temporary(int errno_value) { return errno_value == EAGAIN || errno_value == EINTR; }

}  // namespace

RsocketChannel::RsocketChannel(RsocketShared& shared, std::uint32_t index, std::unique_ptr<RsocketEnding> socket)
    : shared_(shared),
      index_(index),
      socket_(std::move(socket)),
      vectors_(new iovec[shared.limits.max_segments]),
      offered_(shared.limits.max_offered) {}

void RsocketChannel::progress() noexcept {
  if (!alive_) return;
  if (sending_) send_more();
  if (shut_ && !send_ended_) shutdown_send();
  if (!alive_) return;
  if (!offered_.empty()) return receive();
  if (++idle_passes_ % passes_between_looks == 0) look_for_end();
}

// --- sending

Submitted RsocketChannel::submit(std::span<const SendOp> ops) noexcept {
  shared_.slowdown.before_send();
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Stop stop = send_op(ops[i]);
    if (stop == Stop::busy) ++shared_.busy;
    if (stop != Stop::none) return {i, stop};
  }
  return {ops.size(), Stop::none};
}

Stop RsocketChannel::send_op(const SendOp& op) noexcept {
  if (!alive_) return Stop::failed;
  if (shut_) {
    refusal_ = {ErrorCode::cancelled, 0, "submit after shutdown_send"};
    return Stop::failed;
  }
  if (sending_ || in_flight_ >= shared_.limits.depth) return Stop::busy;
  out_ = {};
  out_.token = op.token;
  out_.segments = op.segments;
  out_.size_bytes = total_bytes(op.segments);
  assert(op.segments.size() <= shared_.limits.max_segments && out_.size_bytes <= shared_.limits.max_op_bytes);
  if (out_.size_bytes == 0) {
    ++in_flight_;
    complete_send({});
    return Stop::none;
  }
  if (!send_more()) return alive_ ? Stop::busy : Stop::failed;
  ++in_flight_;
  if (sending_) ++shared_.partial_sends;
  return Stop::none;
}

// One call takes what the socket has room for. Vectors begin where the last call ended.
bool RsocketChannel::send_more() noexcept {
  std::size_t count = 0;
  std::size_t skip = out_.segment_offset;
  for (const Segment& segment : out_.segments.subspan(out_.segment)) {
    if (segment.size_bytes > skip) vectors_[count++] = {segment.data + skip, segment.size_bytes - skip};
    skip = 0;
  }
  msghdr message{};
  message.msg_iov = vectors_.get();
  message.msg_iovlen = count;
  ++shared_.send_calls;
  const ssize_t sent = count == 1 ? rsend(socket(), vectors_[0].iov_base, vectors_[0].iov_len, MSG_DONTWAIT)
                                  : rsendmsg(socket(), &message, MSG_DONTWAIT);
  blocked_ = sent < 0;
  if (sent < 0) {
    if (!is_temporary(errno)) die(failure_of_errno(errno, "rsend"));
    return false;
  }
  ledger_.user_copied_bytes += static_cast<std::uint64_t>(sent);
  out_.sent_bytes += static_cast<std::uint64_t>(sent);
  out_.segment_offset += static_cast<std::size_t>(sent);
  while (out_.segment < out_.segments.size() && out_.segment_offset >= out_.segments[out_.segment].size_bytes) {
    out_.segment_offset -= out_.segments[out_.segment++].size_bytes;
  }
  sending_ = out_.sent_bytes < out_.size_bytes;
  if (!sending_) complete_send({});
  return true;
}

void RsocketChannel::complete_send(Failure failure) noexcept {
  sending_ = false;
  ledger_.complete(shared_.handover, out_.sent_bytes);
  Completion completion;
  completion.channel = index_;
  completion.moments = failure ? Moments(Moment::released) : Moment::sent | Moment::released;
  completion.evidence = shared_.handover;
  completion.token = out_.token;
  completion.bytes = out_.sent_bytes;
  completion.failure = failure;
  shared_.completions.push(std::move(completion));
}

void RsocketChannel::shutdown_send() noexcept {
  shut_ = true;
  if (!alive_ || send_ended_ || sending_) return;
  send_ended_ = true;
  socket_->shut_down();
}

// --- receiving

std::size_t RsocketChannel::offer(std::span<const RxBuffer> buffers) noexcept {
  if (!alive_ || peer_ended_) return 0;
  unread_data_ = false;
  std::size_t taken = 0;
  for (; taken < buffers.size() && offered_.room() > 0; ++taken) offered_.push(buffers[taken]);
  return taken;
}

void RsocketChannel::receive() noexcept {
  while (!offered_.empty()) {
    const RxBuffer& buffer = offered_.front();
    assert(buffer.size_bytes > 0);
    ++shared_.receive_calls;
    const ssize_t received = rrecv(socket(), buffer.data, buffer.size_bytes, MSG_DONTWAIT);
    if (received == 0) return stream_ended();
    if (received < 0) {
      if (!is_temporary(errno)) die(failure_of_errno(errno, "rrecv"));
      return;
    }
    const auto bytes = static_cast<std::size_t>(received);
    const bool filled = bytes == buffer.size_bytes;
    ledger_.user_copied_bytes += bytes;
    complete_receive(bytes, {});
    if (!filled) return;
  }
}

void RsocketChannel::complete_receive(std::size_t bytes, Failure failure) noexcept {
  ledger_.complete(shared_.handover, bytes);
  Completion completion;
  completion.channel = index_;
  completion.moments = Moment::received;
  completion.evidence = shared_.handover;
  completion.token = offered_.front().token;
  completion.bytes = bytes;
  completion.failure = failure;
  shared_.completions.push(std::move(completion));
  offered_.pop();
}

// --- ending

// Without a buffer. Unread bytes come first: then the end waits for offers.
void RsocketChannel::look_for_end() noexcept {
  if (peer_ended_) {
    // Nothing more will be read; whether the connection still stands, only sending needs to know.
    if (!send_ended_ && (rsocket_events(socket(), 0) & (POLLERR | POLLHUP)) != 0)
      die({ErrorCode::peer_died, ECONNRESET, "rsocket"});
    return;
  }
  char byte;
  const ssize_t n = rrecv(socket(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) unread_data_ = true;
  if (n == 0) stream_ended();
  if (n < 0 && !is_temporary(errno)) die(failure_of_errno(errno, "rrecv"));
}

// A socket with an error also reads as if the stream had ended.
void RsocketChannel::stream_ended() noexcept {
  const short events = rsocket_events(socket(), 0);
  if ((events & POLLERR) != 0 || ((events & POLLHUP) != 0 && !send_ended_)) {
    return die({ErrorCode::peer_died, ECONNRESET, "rsocket"});
  }
  peer_ended_ = true;
  while (!offered_.empty()) complete_receive(0, {});
  push_closed({});
}

void RsocketChannel::push_closed(Failure failure) noexcept {
  if (closed_) return;
  closed_ = true;
  Completion completion;
  completion.channel = index_;
  completion.moments = Moment::closed;
  completion.failure = failure;
  shared_.completions.push(std::move(completion));
}

void RsocketChannel::abort() noexcept { die({ErrorCode::aborted, 0, "abort"}); }

void RsocketChannel::die(Failure failure) noexcept {
  if (!alive_) return;
  alive_ = false;
  failure_ = failure;
  if (sending_) complete_send(failure);
  while (!offered_.empty()) complete_receive(0, failure);
  push_closed(failure);
  socket_->close();
}

// --- waiting

short RsocketChannel::interest() const noexcept {
  if (!alive_) return 0;
  short events = 0;
  if (!peer_ended_ && (!offered_.empty() || !unread_data_)) events |= POLLIN;
  if (sending_ || blocked_) events |= POLLOUT;
  return events;
}

}  // namespace xover
