// What the tests of made links send over them. The calling process has made the link, or entered its sender's end.
#pragma once

#include <cstddef>
#include <string>

#include "harness/links/make_link.h"
#include "transports/common/socket_address.h"

namespace xover::test {

// A TCP connection from the sender's end to the receiver's. The calling process is at the sender's end afterwards.
struct TcpPair {
  FileDescriptor sender, receiver;
};
Result<TcpPair> connect_over(const MadeLink& link, IpVersion version);

struct Transfer {
  std::size_t arrived_bytes = 0;  // as they were sent
  std::size_t calls = 0;          // of send(2) that took something
};
// Sends `total_bytes` in calls of 64 KiB at most and receives them.
Transfer transfer(const TcpPair& pair, std::size_t total_bytes, int send_flags = 0);

// "none copied", "all copied" or "some copied", once the kernel has answered for all `calls`; else what is missing.
std::string zerocopy_verdict(int fd, std::size_t calls);

// Sends zero-copy over a new connection: the verdict, or what went wrong.
std::string zerocopy_verdict_of(const MadeLink& link);

}  // namespace xover::test
