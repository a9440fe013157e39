// Keepalive watches an idle connection, the user timeout one on which something is on its way.
#include "transports/common/tcp_keepalive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "transports/common/sockets.h"

namespace xover {

namespace {

constexpr int idle_s = 2, interval_s = 1, probes = 4;
// The retransmissions of a segment come after 0.2, 0.6, 1.4, 3.0 and 6.2 s: the last one is within it, so that the time
// that a link may be down is not cut short by them.
constexpr int user_timeout_ms = 6500;

struct SocketOption {
  int level, name, value;
  const char* what;
};

constexpr SocketOption wanted[] = {{SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"},
                                   {IPPROTO_TCP, TCP_KEEPIDLE, idle_s, "TCP_KEEPIDLE"},
                                   {IPPROTO_TCP, TCP_KEEPINTVL, interval_s, "TCP_KEEPINTVL"},
                                   {IPPROTO_TCP, TCP_KEEPCNT, probes, "TCP_KEEPCNT"},
                                   {IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms, "TCP_USER_TIMEOUT"},
                                   {IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"}};

}  // namespace

Result<void> keep_alive(int socket) {
  for (const SocketOption& option : wanted)
    if (auto set = set_option(socket, option.level, option.name, option.value, option.what); !set) return set;
  return {};
}

}  // namespace xover
