// The fabric `simulated`: a deterministic world with a virtual clock.
#pragma once

#include <memory>

#include "transports/rdma/fabric.h"

namespace xover {

Result<std::unique_ptr<Fabric>> open_simulated_fabric(const OpenParameters& parameters, const FabricShape& shape);
Availability probe_simulated_fabric(const Link& link);

}  // namespace xover
