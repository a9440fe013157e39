// SDP in user space: a byte stream over an RDMA fabric, by copy or without one.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

std::span<const Descriptor> sdp_transports();

}  // namespace xover
