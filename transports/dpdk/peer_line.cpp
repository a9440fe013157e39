// Notices as records of a socket: one send, one receive, never in pieces.
#include "transports/dpdk/peer_line.h"

#include <sys/socket.h>

#include <cerrno>

namespace xover {

bool PeerLine::say(Notice notice) noexcept {
  for (;;) {
    if (send(socket_.get(), &notice, sizeof notice, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof notice) return true;
    if (errno != EINTR) return false;
  }
}

std::optional<Notice> PeerLine::hear() noexcept {
  for (;;) {
    Notice notice;
    const ssize_t got = recv(socket_.get(), &notice, sizeof notice, MSG_DONTWAIT);
    if (got == sizeof notice) return notice;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    return Notice{};  // hung up, reset, or no socket: gone
  }
}

}  // namespace xover
