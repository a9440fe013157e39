// One record over a Unix socket of type SOCK_SEQPACKET, with descriptors beside it (unix(7), SCM_RIGHTS): how two ends
// on one host meet.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <span>

#include "transports/common/file_descriptor.h"

namespace xover {

// Points to the record, which must outlive it. Never waits.
class RecordMessage {
 public:
  static constexpr std::size_t most_passed = 3;

  RecordMessage(void* record, std::size_t size_bytes) noexcept;
  RecordMessage(const RecordMessage&) = delete;
  RecordMessage& operator=(const RecordMessage&) = delete;

  // As sendmsg(2). The peer gets copies of the descriptors of its own.
  ssize_t send(int line, std::span<const int> passed) noexcept;
  // As recvmsg(2); `count` is how many descriptors came, in the first places of `passed`.
  struct Received {
    ssize_t size_bytes = -1;
    std::size_t count = 0;
  };
  Received receive(int line, std::array<FileDescriptor, most_passed>& passed) noexcept;
  // Descriptors were beside it for which this process had no place (recvmsg(2), MSG_CTRUNC).
  bool lost_descriptors() const noexcept { return (header_.msg_flags & MSG_CTRUNC) != 0; }

 private:
  iovec bytes_;
  msghdr header_{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_passed * sizeof(int))> control_{};
};

}  // namespace xover
