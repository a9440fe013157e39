// Plain RDMA: messages over a fabric, in the three ways that there are.
#pragma once

#include <memory>
#include <span>

#include "core/transport.h"

namespace xover {

// rdma.send, rdma.write, rdma.read.
std::span<const Descriptor> rdma_transports();

}  // namespace xover
