// The link `ring`: two of DPDK's rings between two ports of one process. Nothing is copied and nothing is lost; a
// received frame is the very mbuf that was sent.
#pragma once

#include <memory>

#include "transports/dpdk/link_side.h"

namespace xover {

// EAL has been started.
Result<std::unique_ptr<LinkSide>> open_ring_side(const Link& link, const LinkSideShape& shape, std::size_t mtu_bytes);

}  // namespace xover
