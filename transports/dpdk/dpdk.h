// DPDK: frames handed to a port by this process itself, without the kernel; three ways that differ in how a message
// gets into mbufs.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

// dpdk.copy, dpdk.mbuf, dpdk.extbuf.
std::span<const Descriptor> dpdk_transports();

}  // namespace xover
