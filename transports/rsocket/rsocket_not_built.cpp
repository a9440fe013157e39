// In place of the data path where libibverbs or librdmacm was missing: the row is there and says what to install.
#include "transports/common/rdma_device.h"
#include "transports/rsocket/rsocket_open.h"

namespace xover {

Availability probe_rsocket(const Link& link) {
  return rdma_availability(tl::make_unexpected(find_rdma_device(link).error()));
}

Result<std::unique_ptr<Session>> open_rsocket(const OpenParameters& parameters) {
  return tl::make_unexpected(find_rdma_device(parameters.link).error());
}

}  // namespace xover
