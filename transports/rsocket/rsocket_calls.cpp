// Connecting, with bounds.
#include "transports/rsocket/rsocket_calls.h"

#include <fcntl.h>
#include <rdma/rsocket.h>
#include <time.h>

#include <cerrno>

namespace xover {

namespace {

Result<void> wait_for(int socket, short events, MonotonicNs deadline, const char* operation,
                      const std::string& context) {
  while (rsocket_events(socket, events) == 0) {
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, operation, context);
    const timespec pause{0, 500'000};
    nanosleep(&pause, nullptr);
  }
  return {};
}

Result<void> set_nonblocking(int socket) {
  if (rfcntl(socket, F_SETFL, O_NONBLOCK) != 0) return system_error("rfcntl", "O_NONBLOCK");
  return {};
}

Result<void> set_size(int socket, int name, std::size_t size_bytes, const char* what) {
  const int value = static_cast<int>(size_bytes);
  if (value == 0 || rsetsockopt(socket, SOL_SOCKET, name, &value, sizeof value) == 0) return {};
  return system_error("rsetsockopt", what);
}

// Bound to the device, so that what is connected from here goes through it.
Result<RsocketHandle> make(const std::string& own_ipv4, const RsocketBuffers& buffers) {
  RsocketHandle made(rsocket(AF_INET, SOCK_STREAM, 0));
  if (!made) return system_error("rsocket");
  auto own = SocketAddress::of_host({own_ipv4, {}}, IpVersion::v4);
  if (!own) return tl::make_unexpected(own.error());
  if (auto done = set_size(made.get(), SO_SNDBUF, buffers.send_bytes, "SO_SNDBUF"); !done)
    return tl::make_unexpected(done.error());
  if (auto done = set_size(made.get(), SO_RCVBUF, buffers.receive_bytes, "SO_RCVBUF"); !done)
    return tl::make_unexpected(done.error());
  if (rbind(made.get(), own->data(), own->size()) != 0) return system_error("rbind", own->text());
  if (auto done = set_nonblocking(made.get()); !done) return tl::make_unexpected(done.error());
  return made;
}

// A socket that is on its way to be connected can send when it is, or has failed.
Result<RsocketHandle> connected(RsocketHandle socket, MonotonicNs deadline, const char* operation,
                                const std::string& context) {
  if (auto done = wait_for(socket.get(), POLLOUT, deadline, operation, context); !done)
    return tl::make_unexpected(done.error());
  if (const int error = rsocket_option(socket.get(), SOL_SOCKET, SO_ERROR); error != 0) {
    errno = error;
    return system_error(operation, context);
  }
  return socket;
}

}  // namespace

RsocketHandle::~RsocketHandle() {
  if (socket_ >= 0) rclose(socket_);
}

int rsocket_option(int socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return rgetsockopt(socket, level, name, &value, &size) == 0 ? value : 0;
}

short rsocket_events(int socket, short wanted) noexcept {
  pollfd watched{socket, wanted, 0};
  return rpoll(&watched, 1, 0) > 0 ? watched.revents : short{0};
}

Result<RsocketHandle> listen_rsocket(const std::string& own_ipv4, const RsocketBuffers& buffers, int backlog) {
  auto made = make(own_ipv4, buffers);
  if (made && rlisten(made->get(), backlog) != 0) return system_error("rlisten", own_ipv4);
  return made;
}

Result<std::string> address_of_rsocket(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (rgetsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return system_error("rgetsockname");
  return SocketAddress::of(storage).text();
}

Result<AcceptedRsocket> accept_rsocket(int listener, MonotonicNs deadline) {
  for (;;) {
    if (auto done = wait_for(listener, POLLIN, deadline, "accept", "rsocket"); !done)
      return tl::make_unexpected(done.error());
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    RsocketHandle accepted(raccept(listener, reinterpret_cast<sockaddr*>(&from), &size));
    if (!accepted && (errno == EAGAIN || errno == EINTR)) continue;
    if (!accepted) return system_error("raccept");
    if (auto done = set_nonblocking(accepted.get()); !done) return tl::make_unexpected(done.error());
    auto made = connected(std::move(accepted), deadline, "raccept", "rsocket");
    if (!made) return tl::make_unexpected(made.error());
    return AcceptedRsocket{std::move(*made), from};
  }
}

Result<RsocketHandle> connect_rsocket(const std::string& own_ipv4, const std::string& address,
                                      const RsocketBuffers& buffers, MonotonicNs deadline) {
  auto to = SocketAddress::parse(address);
  if (!to) return tl::make_unexpected(to.error());
  auto made = make(own_ipv4, buffers);
  if (!made) return made;
  if (rconnect(made->get(), to->data(), to->size()) != 0 && errno != EINPROGRESS)
    return system_error("rconnect", address);
  return connected(std::move(*made), deadline, "rconnect", address);
}

}  // namespace xover
