// rsockets made, connected and accepted: control plane, each call bounded by its deadline. Every socket is in
// non-blocking mode, because in blocking mode no call of rsockets has a bound. Source: rsocket(7).
#pragma once

#include <string>

#include "core/error.h"
#include "core/transport.h"
#include "transports/common/socket_address.h"

namespace xover {

// Closes without ceremony if nobody took it away: for sockets that have never been connected.
class RsocketHandle {
 public:
  RsocketHandle() = default;
  explicit RsocketHandle(int socket) noexcept : socket_(socket) {}
  RsocketHandle(RsocketHandle&& other) noexcept : socket_(other.release()) {}
  RsocketHandle& operator=(RsocketHandle&& other) noexcept {
    std::swap(socket_, other.socket_);
    return *this;
  }
  ~RsocketHandle();

  int get() const noexcept { return socket_; }
  explicit operator bool() const noexcept { return socket_ >= 0; }
  int release() noexcept { return std::exchange(socket_, -1); }

 private:
  int socket_ = -1;
};

struct RsocketBuffers {
  std::size_t send_bytes = 0, receive_bytes = 0;  // 0: librdmacm's default
};

Result<RsocketHandle> listen_rsocket(const std::string& own_ipv4, const RsocketBuffers& buffers, int backlog);
Result<std::string> address_of_rsocket(int socket);
struct AcceptedRsocket {
  RsocketHandle socket;
  sockaddr_storage from{};
};
Result<AcceptedRsocket> accept_rsocket(int listener, MonotonicNs deadline);
Result<RsocketHandle> connect_rsocket(const std::string& own_ipv4, const std::string& address,
                                      const RsocketBuffers& buffers, MonotonicNs deadline);

// What the library granted; 0: it does not say.
int rsocket_option(int socket, int level, int name);

// What has happened to a socket, out of `wanted`, errors and the end. Does not sleep: rpoll(3) with a time to sleep
// that runs out forgets to say that it has left, and a later call of it then waits for that for ever
// (librdmacm 1.3.44).
short rsocket_events(int socket, short wanted) noexcept;

}  // namespace xover
