// librdmacm's rsockets: sockets over RDMA, what an RDMA user would take who does not want to program verbs.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

// rsocket.
std::span<const Descriptor> rsocket_transports();

}  // namespace xover
