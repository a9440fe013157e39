// In place of the fabric where libibverbs or librdmacm was missing: it says what to install.
#include "transports/common/rdma_device.h"
#include "transports/rdma/verbs/verbs_fabric.h"

namespace xover {

Result<std::unique_ptr<Fabric>> open_verbs_fabric(const OpenParameters& parameters, const FabricShape&) {
  return tl::make_unexpected(find_rdma_device(parameters.link).error());
}

Availability probe_verbs_fabric(const Link& link) {
  return rdma_availability(tl::make_unexpected(find_rdma_device(link).error()));
}

}  // namespace xover
