// One system call for each op while the socket's buffer has room, and one for each buffer received.
#include "transports/tcp/tcp_channel.h"

#include <sys/socket.h>

#include <cassert>
#include <cerrno>

namespace xover {

TcpChannel::TcpChannel(SocketShared& shared, std::uint32_t index, FileDescriptor socket, TcpPath path, Pages staging)
    : SocketChannel(shared, index, std::move(socket), path == TcpPath::zerocopy),
      path_(path),
      staging_(std::move(staging)),
      vectors_(path == TcpPath::send ? nullptr : new iovec[max_segments]) {}

void TcpChannel::Outgoing::advance(std::size_t bytes) noexcept {
  sent_bytes += bytes;
  segment_offset += bytes;
  while (segment < segments.size() && segment_offset >= segments[segment].size_bytes) {
    segment_offset -= segments[segment].size_bytes;
    ++segment;
  }
}

SocketChannel::Attempt TcpChannel::send_op(const SendOp& op) noexcept {
  Outgoing out;
  out.token = op.token;
  out.segments = op.segments;
  out.size_bytes = total_bytes(op.segments);
  assert(op.segments.size() <= shared_.max_segments && out.size_bytes <= shared_.max_op_bytes);
  if (out.size_bytes == 0) {
    complete_send(op.token, 0);
    return Attempt::accepted;
  }
  if (path_ == TcpPath::send && op.segments.size() > 1) serialise(out);
  if (!transmit(out, MSG_DONTWAIT)) return not_sent(errno, path_ == TcpPath::send ? "send" : "sendmsg");
  if (notifications_) {
    notifications_->begin(out.token);
    notifications_->sent(out.sent_bytes);
  }
  if (out.done()) {
    finish(out);
  } else {
    ++shared_.counters.partial_sends;
    rest_ = out;
    sending_ = true;
  }
  return Attempt::accepted;
}

void TcpChannel::serialise(Outgoing& out) noexcept {
  std::byte* to = staging_.data();
  for (const Segment& segment : out.segments) {
    counted_copy(ledger_, to, segment.data, segment.size_bytes);
    to += segment.size_bytes;
  }
  staged_.data = staging_.data();
  staged_.size_bytes = out.size_bytes;
  out.segments = {&staged_, 1};
}

bool TcpChannel::transmit(Outgoing& out, int flags) noexcept {
  ++shared_.counters.send_calls;
  flags |= MSG_NOSIGNAL;
  ssize_t sent;
  if (path_ == TcpPath::send) {
    const std::byte* from = out.segments[0].data + out.segment_offset;
    sent = send(socket_.get(), from, out.size_bytes - out.sent_bytes, flags);
  } else {
    sent = gather_and_send(out, path_ == TcpPath::zerocopy ? flags | MSG_ZEROCOPY : flags);
  }
  if (sent < 0) return false;
  bytes_went();
  out.advance(static_cast<std::size_t>(sent));
  return true;
}

ssize_t TcpChannel::gather_and_send(const Outgoing& out, int flags) noexcept {
  std::size_t count = 0;
  std::size_t skip = out.segment_offset;
  for (const Segment& segment : out.segments.subspan(out.segment)) {
    vectors_[count++] = {segment.data + skip, segment.size_bytes - skip};
    skip = 0;
  }
  msghdr message{};
  message.msg_iov = vectors_.get();
  message.msg_iovlen = count;
  return sendmsg(socket_.get(), &message, flags);
}

void TcpChannel::send_rest(int flags) noexcept {
  const std::size_t before = rest_.sent_bytes;
  if (!transmit(rest_, flags)) {
    not_sent(errno, path_ == TcpPath::send ? "send" : "sendmsg");
    return;
  }
  if (notifications_) notifications_->sent(rest_.sent_bytes - before);
  if (!rest_.done()) return;
  sending_ = false;
  finish(rest_);
}

void TcpChannel::finish(const Outgoing& out) noexcept {
  if (!notifications_) return complete_send(out.token, out.size_bytes);
  notifications_->seal();
  complete_sent(out.token, out.size_bytes);
}

void TcpChannel::drop_rest(Failure failure) noexcept {
  sending_ = false;
  if (notifications_) {
    notifications_->seal(failure);
  } else {
    complete_send(rest_.token, rest_.sent_bytes, failure);
  }
}

void TcpChannel::receive(int flags) noexcept {
  while (!offered_.empty()) {
    const RxBuffer& buffer = offered_.front();
    assert(buffer.size_bytes > 0);
    ++shared_.counters.receive_calls;
    const ssize_t received = recv(socket_.get(), buffer.data, buffer.size_bytes, flags);
    if (received == 0) return peer_ended();
    if (received < 0) {
      if (errno != EAGAIN && errno != EINTR) die(failure_of_errno(errno, "recv"));
      return;
    }
    const auto bytes = static_cast<std::size_t>(received);
    const bool filled = bytes == buffer.size_bytes;
    complete_receive(bytes);
    if (!filled) return;  // the socket is empty; asking again would be a call for nothing
    flags |= MSG_DONTWAIT;
  }
}

void TcpChannel::end_sending() noexcept { ::shutdown(socket_.get(), SHUT_WR); }

}  // namespace xover
