// The links af_packet, af_xdp and pci: one device at each end, with a wire between them that may lose frames. All
// connections of a session share its device, and a device has one session in a process.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "transports/dpdk/link_side.h"

namespace xover {

// Whether this end's device is there and this process may use it; asked before EAL starts. A link that names one device
// alone names this end's.
Result<void> check_own_device(const Link& link, LinkRole role);

// How many mbufs a frame may have that the driver of this link, af_packet or af_xdp, sends: asked of one on `lo` that
// is not started. EAL has been started.
Result<std::size_t> most_segments_on(const std::string& link);

// EAL has been started. `mtu_bytes` 0: as the device has it.
Result<std::unique_ptr<LinkSide>> open_device_side(const Link& link, LinkRole role, const LinkSideShape& shape,
                                                   std::size_t mtu_bytes);

}  // namespace xover
