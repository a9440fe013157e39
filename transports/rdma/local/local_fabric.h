// The fabric `local`: memory of one host, between two processes or two threads.
#pragma once

#include <memory>

#include "transports/rdma/fabric.h"

namespace xover {

Result<std::unique_ptr<Fabric>> open_local_fabric(const OpenParameters& parameters, const FabricShape& shape);
Availability probe_local_fabric(const Link& link);

}  // namespace xover
