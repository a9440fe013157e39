// One record of a socket's error queue: a zero-copy notification, or an error that the network reported.
// Source: recvmsg(2) MSG_ERRQUEUE, ip(7) IP_RECVERR, Documentation/networking/msg_zerocopy.rst.
#pragma once

#include <cstdint>

namespace xover {

struct ErrorQueueRecord {
  enum class Kind : std::uint8_t { none, zerocopy, error } kind = Kind::none;  // none: the queue is empty
  std::uint32_t first_id = 0, last_id = 0;                                     // zerocopy: an inclusive range of calls
  bool copied = false;                                                         // zerocopy: the kernel copied after all
  int errno_value = 0;                                                         // error
};

// Takes the next record; never blocks.
ErrorQueueRecord read_error_queue(int fd) noexcept;

}  // namespace xover
