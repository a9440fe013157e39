// In place of all that needs libdpdk where that was missing: the rows are there and say what to install.
#include "transports/dpdk/dpdk_availability.h"
#include "transports/dpdk/dpdk_way.h"

namespace xover {

Availability probe_dpdk(DpdkWay, const Link&) { return dpdk_not_built(); }

Result<std::unique_ptr<Session>> open_dpdk(const OpenParameters&, DpdkWay) {
  const Availability missing = dpdk_not_built();
  return make_error(ErrorCode::unsupported, "open", missing.cause, missing.remedy);
}

}  // namespace xover
