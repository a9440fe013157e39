// The limits of UDP, and what a connected socket needs to be a channel.
#include "transports/udp/udp_session.h"

#include <sys/socket.h>

#include <algorithm>

namespace xover {

namespace {

Limits udp_limits(const OpenParameters& parameters) {
  Limits limits;
  limits.max_channels = parameters.max_channels;
  limits.depth = parameters.depth;
  limits.max_op_bytes = largest_datagram_bytes(parameters.options);
  limits.max_segments = UdpChannel::max_segments;
  limits.framing = Framing::message;
  if (parameters.has_receiver) {
    limits.receive = Receive::offered;
    limits.max_offered = std::max<std::size_t>(parameters.depth, 64);
  }
  limits.whole_messages = parameters.options.size_bytes("gso") == 0 && !parameters.options.boolean("gro");
  limits.foreign_memory = true;
  return limits;
}

}  // namespace

// With lent pages the network's errors are not asked for: there ENOBUFS must mean that the call was not counted, or the
// own count of calls would part from the kernel's.
UdpSession::UdpSession(const OpenParameters& parameters, bool zerocopy)
    : SocketSession(udp_limits(parameters), parameters),
      zerocopy_(zerocopy),
      sockets_(parameters.options, parameters, !zerocopy) {}

Result<Channel*> UdpSession::accept(MonotonicNs deadline) {
  if (auto room = room_for_channel("accept"); !room) return tl::make_unexpected(room.error());
  return adopt_pair(sockets_.accept(deadline));
}

Result<Channel*> UdpSession::connect(const std::string& address, MonotonicNs deadline) {
  if (auto room = room_for_channel("connect"); !room) return tl::make_unexpected(room.error());
  return adopt_pair(sockets_.connect(address, deadline));
}

Result<Channel*> UdpSession::adopt_pair(Result<FileDescriptor> socket) {
  if (!socket) return tl::make_unexpected(socket.error());
  if (zerocopy_) {
    auto done = set_option(socket->get(), SOL_SOCKET, SO_ZEROCOPY, 1, "SO_ZEROCOPY", "boot Linux 5.0 or newer");
    if (!done) return tl::make_unexpected(done.error());
  }
  return adopt(std::make_unique<UdpChannel>(shared_, next_index(), std::move(*socket), zerocopy_, errors_));
}

std::vector<Counter> UdpSession::counters() const {
  std::vector<Counter> counters = shared_.counters.list();
  counters.push_back({"hello_retries", sockets_.hello_retries()});
  counters.push_back({"strangers", sockets_.strangers()});
  errors_.append_to(counters);
  return counters;
}

}  // namespace xover
