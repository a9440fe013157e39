// The limits of TCP, and what a connection needs to be a channel.
#include "transports/tcp/tcp_session.h"

#include <sys/socket.h>

#include <algorithm>

namespace xover {

namespace {

Limits tcp_limits(const OpenParameters& parameters) {
  Limits limits;
  limits.max_channels = parameters.max_channels;
  limits.depth = parameters.depth;
  limits.max_op_bytes = TcpChannel::max_op_bytes;
  limits.max_segments = TcpChannel::max_segments;
  limits.framing = Framing::stream;
  limits.receive = Receive::offered;
  limits.max_offered = std::max<std::size_t>(parameters.depth, 64);
  limits.reliable = true;
  limits.foreign_memory = true;
  return limits;
}

}  // namespace

TcpSession::TcpSession(const OpenParameters& parameters, TcpPath path)
    : SocketSession(tcp_limits(parameters), parameters), path_(path), sockets_(parameters.options, parameters) {}

Result<Channel*> TcpSession::accept(MonotonicNs deadline) {
  if (auto room = room_for_channel("accept"); !room) return tl::make_unexpected(room.error());
  return adopt_connection(sockets_.accept(deadline));
}

Result<Channel*> TcpSession::connect(const std::string& address, MonotonicNs deadline) {
  if (auto room = room_for_channel("connect"); !room) return tl::make_unexpected(room.error());
  return adopt_connection(sockets_.connect(address, deadline));
}

Result<Channel*> TcpSession::adopt_connection(Result<FileDescriptor> socket) {
  if (!socket) return tl::make_unexpected(socket.error());
  if (path_ == TcpPath::zerocopy) {
    if (auto done = set_option(socket->get(), SOL_SOCKET, SO_ZEROCOPY, 1, "SO_ZEROCOPY"); !done) {
      return tl::make_unexpected(done.error());
    }
  }
  Pages staging;
  if (path_ == TcpPath::send) {
    auto pages = Pages::allocate(TcpChannel::max_op_bytes, Pages::Fault::on_first_touch);
    if (!pages) return tl::make_unexpected(pages.error());
    staging = std::move(*pages);
  }
  return adopt(std::make_unique<TcpChannel>(shared_, next_index(), std::move(*socket), path_, std::move(staging)));
}

std::vector<Counter> TcpSession::counters() const {
  std::vector<Counter> counters = shared_.counters.list();
  counters.push_back({"strangers", sockets_.strangers()});
  return counters;
}

}  // namespace xover
