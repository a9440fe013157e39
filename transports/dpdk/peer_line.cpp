// Notices as 8 bytes: the kind, three zeros, the value.
#include "transports/dpdk/peer_line.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace xover {

namespace {

constexpr std::size_t value_at = 4;

}  // namespace

// A notice that went in part has made the line worthless: on a stream, all that followed would be misread.
bool PeerLine::say(Notice notice) noexcept {
  std::array<std::byte, notice_bytes> said{static_cast<std::byte>(notice.kind)};
  std::memcpy(said.data() + value_at, &notice.value, sizeof notice.value);
  for (;;) {
    const ssize_t sent = send(socket_.get(), said.data(), said.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(said.size())) return true;
    if (sent > 0) shutdown(socket_.get(), SHUT_RDWR);
    if (sent >= 0 || errno != EINTR) return false;
  }
}

std::optional<Notice> PeerLine::hear() noexcept {
  while (heard_bytes_ < heard_.size()) {
    const ssize_t got = recv(socket_.get(), heard_.data() + heard_bytes_, heard_.size() - heard_bytes_, MSG_DONTWAIT);
    if (got > 0) {
      heard_bytes_ += static_cast<std::size_t>(got);
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    return Notice{};  // hung up, reset, or no socket: gone
  }
  heard_bytes_ = 0;
  const auto kind = static_cast<Notice::Kind>(heard_[0]);
  if (kind >= Notice::Kind::gone) return Notice{};  // nobody who speaks this protocol says so
  Notice notice{kind, 0};
  std::memcpy(&notice.value, heard_.data() + value_at, sizeof notice.value);
  return notice;
}

}  // namespace xover
