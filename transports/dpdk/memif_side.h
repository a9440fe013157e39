// The link `memif`: memory that two processes share, with DPDK's driver of that name at both ends. The driver of the
// sender copies frames into it, that of the receiver out of it. Nothing is lost. The acceptor is memif's server.
//
// The driver's control socket must never hang up on a living end: DPDK's interrupt thread would then unmap the memory
// while another thread may be inside of a burst. So each end holds a copy of the other's control socket for as long as
// it has its port; whether the other end lives is told by the PeerLine alone.
#pragma once

#include <memory>

#include "transports/dpdk/link_side.h"

namespace xover {

// EAL has been started.
Result<std::unique_ptr<LinkSide>> open_memif_side(const Link& link, const LinkSideShape& shape, std::size_t mtu_bytes);

}  // namespace xover
