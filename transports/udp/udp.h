// UDP over the kernel's sockets, by copy and by page loan.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

// udp.send, udp.zerocopy.
std::span<const Descriptor> udp_transports();

}  // namespace xover
