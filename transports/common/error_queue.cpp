// Control messages of IP_RECVERR and IPV6_RECVERR, decoded.
#include "transports/common/error_queue.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/errqueue.h>

#include <cerrno>
#include <cstring>

namespace xover {

namespace {

bool carries_error(const cmsghdr& header) {
  return (header.cmsg_level == SOL_IP && header.cmsg_type == IP_RECVERR) ||
         (header.cmsg_level == SOL_IPV6 && header.cmsg_type == IPV6_RECVERR);
}

ErrorQueueRecord decode(const sock_extended_err& error) {
  ErrorQueueRecord record;
  if (error.ee_origin == SO_EE_ORIGIN_ZEROCOPY) {
    record.kind = ErrorQueueRecord::Kind::zerocopy;
    record.first_id = error.ee_info;
    record.last_id = error.ee_data;
    record.copied = (error.ee_code & SO_EE_CODE_ZEROCOPY_COPIED) != 0;
  } else {
    record.kind = ErrorQueueRecord::Kind::error;
    record.errno_value = static_cast<int>(error.ee_errno);
  }
  return record;
}

}  // namespace

ErrorQueueRecord read_error_queue(int fd) noexcept {
  // Room for the error, the offender's address and a timestamp, which is all that can come with it.
  alignas(cmsghdr) char control[256];
  msghdr message{};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return {};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (!carries_error(*header)) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(header), sizeof error);
    return decode(error);
  }
  ErrorQueueRecord unknown;  // a record of another kind: it was there, and says nothing
  unknown.kind = ErrorQueueRecord::Kind::error;
  return unknown;
}

}  // namespace xover
