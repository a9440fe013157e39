// sendmsg and recvmsg with control messages.
#include "transports/common/record_message.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace xover {

RecordMessage::RecordMessage(void* record, std::size_t size_bytes) noexcept : bytes_{record, size_bytes} {
  header_.msg_iov = &bytes_;
  header_.msg_iovlen = 1;
  header_.msg_control = control_.data();
  header_.msg_controllen = control_.size();
}

ssize_t RecordMessage::send(int line, std::span<const int> passed) noexcept {
  header_.msg_controllen = passed.empty() ? 0 : CMSG_SPACE(passed.size_bytes());
  if (cmsghdr* const beside = CMSG_FIRSTHDR(&header_)) {
    beside->cmsg_level = SOL_SOCKET;
    beside->cmsg_type = SCM_RIGHTS;
    beside->cmsg_len = CMSG_LEN(passed.size_bytes());
    std::memcpy(CMSG_DATA(beside), passed.data(), passed.size_bytes());
  }
  return sendmsg(line, &header_, MSG_DONTWAIT | MSG_NOSIGNAL);
}

RecordMessage::Received RecordMessage::receive(int line, std::array<FileDescriptor, most_passed>& passed) noexcept {
  constexpr int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
  ssize_t got = recvmsg(line, &header_, flags);
  // Said once, when the peer left something unread; what it sent before comes behind.
  if (got < 0 && errno == ECONNRESET) got = recvmsg(line, &header_, flags);
  const cmsghdr* const beside = got < 0 ? nullptr : CMSG_FIRSTHDR(&header_);
  if (beside == nullptr || beside->cmsg_type != SCM_RIGHTS) return {got, 0};
  const std::size_t count = std::min((beside->cmsg_len - CMSG_LEN(0)) / sizeof(int), passed.size());
  for (std::size_t i = 0; i < count; ++i) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(beside) + i * sizeof fd, sizeof fd);
    passed[i] = FileDescriptor(fd);
  }
  return {got, count};
}

}  // namespace xover
