// The AF_XDP sockets of this process. DPDK's driver net_af_xdp (22.11) closes a port without giving back the socket
// that its memory was registered with: the interface would stay busy, and the memory pinned, until the process ends.
#pragma once

#include <sys/types.h>

#include <vector>

namespace xover {

struct XdpSocket {
  int fd = -1;
  ino_t inode = 0;

  bool operator==(const XdpSocket&) const = default;
};

std::vector<XdpSocket> xdp_sockets_here();

// Unmaps and closes those of these that are still open, for which the driver's port must have been closed.
void free_forgotten(const std::vector<XdpSocket>& sockets);

}  // namespace xover
