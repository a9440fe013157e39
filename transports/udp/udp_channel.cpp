// One system call for each datagram, either way.
#include "transports/udp/udp_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "transports/common/udp_handshake.h"

namespace xover {

SocketChannel::Attempt UdpChannel::send_op(const SendOp& op) noexcept {
  assert(op.segments.size() <= shared_.max_segments);
  std::size_t size_bytes = 0;
  std::size_t count = 0;
  for (const Segment& segment : op.segments) {
    vectors_[count++] = {segment.data, segment.size_bytes};
    size_bytes += segment.size_bytes;
  }
  assert(size_bytes <= shared_.max_op_bytes);
  msghdr message{};
  message.msg_iov = vectors_.data();
  message.msg_iovlen = count;
  // An empty datagram gets no notification.
  const bool lends_pages = notifications_ && size_bytes > 0;
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (lends_pages ? MSG_ZEROCOPY : 0);
  ++shared_.counters.send_calls;
  if (sendmsg(socket_.get(), &message, flags) < 0) return refused(op, errno);
  bytes_went();
  if (lends_pages) {
    notifications_->begin(op.token);
    notifications_->sent(size_bytes);
    notifications_->seal();
    complete_sent(op.token, size_bytes);
  } else {
    complete_send(op.token, size_bytes);
  }
  return Attempt::accepted;
}

// A full queue is worth another try, a dead peer ends the channel, and any other refusal costs this datagram alone.
SocketChannel::Attempt UdpChannel::refused(const SendOp& op, int errno_value) noexcept {
  if (errno_value == EAGAIN || errno_value == EINTR) return not_sent(errno_value, "sendmsg");
  errors_.count(errno_value);
  if (errno_value == ENOBUFS) {
    if (notifications_) return not_sent(errno_value, "sendmsg");
    // Without lent pages it is the device's queue that was full, which passes by itself and without an event.
    await_device();
    return Attempt::busy;
  }
  if (errno_value == ECONNREFUSED) {
    die({ErrorCode::peer_died, errno_value, "sendmsg"});
    return Attempt::failed;
  }
  // The kernel may have counted the call before it failed: its notification says so and is there already.
  if (notifications_) read_notifications();
  complete_send(op.token, 0, failure_of_errno(errno_value, "sendmsg"));
  return Attempt::accepted;
}

// One datagram: the next is for the next pass, since only asking tells whether there is one.
void UdpChannel::receive(int flags) noexcept {
  const RxBuffer& buffer = offered_.front();
  ++shared_.counters.receive_calls;
  const ssize_t received = recv(socket_.get(), buffer.data, buffer.size_bytes, flags | MSG_TRUNC);
  if (received < 0) {
    if (errno == ECONNREFUSED) die({ErrorCode::peer_died, errno, "recv"});
    return;  // nothing there, or an error of the network that concerned a datagram sent before
  }
  const auto size_bytes = static_cast<std::size_t>(received);
  const std::size_t filled = std::min(size_bytes, buffer.size_bytes);
  if (is_handshake(size_bytes, {buffer.data, filled})) return;
  complete_receive(filled, size_bytes > buffer.size_bytes
                               ? failure_of_errno(EMSGSIZE, "recv: the datagram is longer than the buffer")
                               : Failure{});
}

void UdpChannel::network_reported(int errno_value) noexcept {
  if (errno_value == ECONNREFUSED) {
    die({ErrorCode::peer_died, errno_value, "recv"});
  } else {
    errors_.count(errno_value);
  }
}

}  // namespace xover
