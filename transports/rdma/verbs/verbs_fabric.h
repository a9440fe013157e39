// The fabric `verbs`: RDMA devices, through libibverbs and librdmacm.
#pragma once

#include <memory>

#include "transports/rdma/fabric.h"

namespace xover {

Result<std::unique_ptr<Fabric>> open_verbs_fabric(const OpenParameters& parameters, const FabricShape& shape);
Availability probe_verbs_fabric(const Link& link);

}  // namespace xover
