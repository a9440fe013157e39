// Links whose argument names a device at each end, "A+B": the sender's, and the receiver's.
#pragma once

#include <string>

#include "core/link.h"

namespace xover {

// Whether "A+B" of such a link means devices: an interface, a PCI address, an RDMA device. Not "wire", whose two
// interfaces are always on one host.
bool names_devices(const Link& link);

// The link as the host of one end sees it where the other end is on another host: "pci:A" or "pci:B". A device that
// stands alone is both ends' own; other links are as they were.
Link end_of(const Link& link, LinkRole role);

}  // namespace xover
