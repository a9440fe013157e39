// What an error of a DPDK link says about this machine, and what a user can do about it. Decisions alone, no system
// call, and nothing of libdpdk: true for any machine, and built without it, too.
#pragma once

#include <cstddef>
#include <string>

#include "core/error.h"
#include "core/transport.h"
#include "transports/dpdk/dpdk_way.h"

namespace xover {

Availability dpdk_not_built();

// Of what came of trying to use a link.
Availability dpdk_availability(const Result<void>& outcome);

// Whether frames of so many mbufs are enough for this way: what is attached stands behind an mbuf with the headers.
Result<void> allow_way(DpdkWay way, const Link& link, const std::string& driver, std::size_t most_segments);

}  // namespace xover
