// How a DPDK transport gets a message into frames, and the two calls that stand for all that needs libdpdk. A build
// without it has dpdk_not_built.cpp in place of everything behind these calls.
#pragma once

#include <cstdint>
#include <memory>

#include "core/transport.h"

namespace xover {

enum class DpdkWay : std::uint8_t {
  copy,    // copied into mbufs
  mbuf,    // built in mbufs, which are the arena
  extbuf,  // the application's memory attached to mbufs
};

// Whether such a link can be used here, found out by using one where that can be done without a peer.
Availability probe_dpdk(DpdkWay way, const Link& link);

Result<std::unique_ptr<Session>> open_dpdk(const OpenParameters& parameters, DpdkWay way);

}  // namespace xover
