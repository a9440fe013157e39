// listen, accept, connect; setsockopt and what the kernel made of it.
#include "transports/common/tcp_sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace xover {

namespace {

constexpr int least_backlog = 16;

std::string congestion_control_of(int fd) {
  char name[16] = "";
  socklen_t size = sizeof name;
  return getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size) == 0 ? name : "unknown";
}

std::vector<Fact> facts_of(int fd) {
  return {{"congestion_control", congestion_control_of(fd)},
          {"nodelay", get_option(fd, IPPROTO_TCP, TCP_NODELAY) > 0 ? "on" : "off"},
          {"send_buffer_bytes", std::to_string(get_option(fd, SOL_SOCKET, SO_SNDBUF))},
          {"receive_buffer_bytes", std::to_string(get_option(fd, SOL_SOCKET, SO_RCVBUF))}};
}

std::string available_congestion_controls() {
  std::ifstream file("/proc/sys/net/ipv4/tcp_available_congestion_control");
  std::string names;
  std::getline(file, names);
  return names;
}

}  // namespace

Result<void> TcpSockets::try_out() const {
  const auto trial = make_socket(ip_version(options_), SOCK_STREAM);
  if (!trial) return tl::make_unexpected(trial.error());
  return configure(trial->get());
}

Result<std::string> TcpSockets::listen(std::size_t max_channels) {
  const auto wanted = SocketAddress::of_host(own_, ip_version(options_));
  if (!wanted) return tl::make_unexpected(wanted.error());
  const auto expected = SocketAddress::of_host(peer_, ip_version(options_));
  if (!expected) return tl::make_unexpected(expected.error());
  auto socket = make_socket(ip_version(options_), SOCK_STREAM | SOCK_NONBLOCK);
  if (!socket) return tl::make_unexpected(socket.error());
  if (auto done = configure(socket->get()); !done) return tl::make_unexpected(done.error());
  if (auto bound = bind_to(socket->get(), *wanted); !bound) return tl::make_unexpected(bound.error());
  const int backlog = std::max(least_backlog, static_cast<int>(max_channels));
  if (::listen(socket->get(), backlog) != 0) return system_error("listen", wanted->text());
  auto bound = SocketAddress::local_of(socket->get());
  if (!bound) return tl::make_unexpected(bound.error());
  listener_ = std::move(*socket);
  expected_ = *expected;
  return bound->text();
}

Result<FileDescriptor> TcpSockets::accept(MonotonicNs deadline) {
  if (!listener_) return make_error(ErrorCode::bad_input, "accept", "this session does not listen");
  for (;;) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    FileDescriptor socket(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
    if (socket) {
      if (SocketAddress::of(from).same_host(expected_)) return configured(std::move(socket));
      ++strangers_;
      // However many come, they do not stretch the bound.
      if (monotonic_now_ns() < deadline) continue;
      return make_error(ErrorCode::timed_out, "accept", "no peer came");
    }
    // A peer that went again before it was accepted is no error of the listener.
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) return system_error("accept");
    if (auto ready = await(listener_.get(), POLLIN, deadline, "accept", "no peer came"); !ready) {
      return tl::make_unexpected(ready.error());
    }
  }
}

Result<FileDescriptor> TcpSockets::connect_from(std::uint16_t port, const std::string& address,
                                                MonotonicNs deadline) const {
  const auto peer = SocketAddress::parse(address);
  if (!peer) return tl::make_unexpected(peer.error());
  auto socket = make_socket(peer->version(), SOCK_STREAM | SOCK_NONBLOCK);
  if (!socket) return tl::make_unexpected(socket.error());
  const int fd = socket->get();
  if (auto done = configure(fd); !done) return tl::make_unexpected(done.error());
  if (auto done = bind_connecting(fd, peer->version(), port); !done) return tl::make_unexpected(done.error());
  if (::connect(fd, peer->data(), peer->size()) != 0) {
    if (errno != EINPROGRESS) {
      const bool again = errno == EADDRNOTAVAIL && port != 0;
      return system_error("connect", address,
                          again ? "a connection from port " + std::to_string(port) + " is there; choose another" : "");
    }
    auto ready = await(fd, POLLOUT, deadline, "connect", address);
    if (!ready) return tl::make_unexpected(ready.error());
    errno = get_option(fd, SOL_SOCKET, SO_ERROR);
    if (errno != 0) return system_error("connect", address, "is the other side running?");
  }
  // A port of the ephemeral range where nobody listens can end up connected to itself.
  const auto own = SocketAddress::local_of(fd);
  if (own && *own == *peer) return make_error(ErrorCode::refused, "connect", address, "is the other side running?");
  if (auto done = set_blocking(fd); !done) return tl::make_unexpected(done.error());
  return configured(std::move(*socket));
}

// A port that the kernel chooses is chosen when the peer is known: as many as there are for each peer (ip(7),
// IP_BIND_ADDRESS_NO_PORT). One that is asked for may still be that of a connection that has ended.
Result<void> TcpSockets::bind_connecting(int fd, IpVersion version, std::uint16_t port) const {
  const auto own = SocketAddress::of_host(own_, version, port);
  if (!own) return tl::make_unexpected(own.error());
  auto done = port == 0 ? set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, "IP_BIND_ADDRESS_NO_PORT")
                        : set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (!done) return done;
  return bind_to(fd, *own);
}

// Again on the connection itself: an accepted socket does not inherit every option of its listener.
Result<FileDescriptor> TcpSockets::configured(FileDescriptor socket) const {
  if (auto done = configure(socket.get()); !done) return tl::make_unexpected(done.error());
  latest_facts_ = facts_of(socket.get());
  return socket;
}

Result<void> TcpSockets::configure(int fd) const {
  const auto buffer = [&](const char* option, int name, const char* what) -> Result<void> {
    const std::size_t wanted = options_.size_bytes(option);
    return wanted == 0 ? Result<void>{} : set_option(fd, SOL_SOCKET, name, static_cast<int>(wanted), what);
  };
  if (auto done = buffer("send_buffer", SO_SNDBUF, "SO_SNDBUF"); !done) return done;
  if (auto done = buffer("receive_buffer", SO_RCVBUF, "SO_RCVBUF"); !done) return done;
  if (auto done = set_option(fd, IPPROTO_TCP, TCP_NODELAY, options_.boolean("nodelay"), "TCP_NODELAY"); !done) {
    return done;
  }
  if (auto done = set_congestion_control(fd); !done) return done;
  return set_call_timeouts(fd);
}

Result<void> TcpSockets::set_congestion_control(int fd) const {
  const std::string& name = options_.choice("congestion_control");
  if (name == "system") return {};
  if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.c_str(), static_cast<socklen_t>(name.size())) == 0) return {};
  const int refused_by = errno;
  std::string remedy = "choose one of: " + available_congestion_controls();
  if (refused_by == ENOENT) remedy += "; or load it: modprobe tcp_" + name;
  if (refused_by == EPERM) remedy += "; or add it to sysctl net.ipv4.tcp_allowed_congestion_control";
  errno = refused_by;
  return system_error("setsockopt", "congestion_control=" + name, remedy);
}

std::vector<Fact> TcpSockets::facts(int fd) const { return fd >= 0 ? facts_of(fd) : latest_facts_; }

}  // namespace xover
