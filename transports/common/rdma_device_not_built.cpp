// In place of the search where libibverbs or librdmacm was missing.
#include "transports/common/rdma_device.h"

namespace xover {

Result<RdmaDevice> find_rdma_device(const Link&, const std::string&) {
  return make_error(ErrorCode::unsupported, "find RDMA device", "this xover was built without libibverbs and librdmacm",
                    "apt-get install libibverbs-dev librdmacm-dev, then ./dev build");
}

}  // namespace xover
