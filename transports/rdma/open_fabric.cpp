// One fabric for each link.
#include <string>

#include "transports/common/socket_links.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/local/local_fabric.h"
#include "transports/rdma/simulated/simulated_fabric.h"
#include "transports/rdma/verbs/verbs_fabric.h"

namespace xover {

std::string_view to_string(WorkStatus status) {
  switch (status) {
    case WorkStatus::success: return "success";
    case WorkStatus::local_error: return "local error";
    case WorkStatus::remote_access_error: return "remote access error";
    case WorkStatus::retries_exhausted: return "retries exhausted";
    case WorkStatus::receiver_not_ready: return "receiver not ready";
    case WorkStatus::flushed: break;
  }
  return "flushed";
}

Result<std::unique_ptr<Fabric>> open_fabric(const OpenParameters& parameters, const FabricShape& shape) {
  if (auto known = require_link(fabric_links, parameters.link, "rdma"); !known)
    return tl::make_unexpected(known.error());
  if (parameters.link.name == "local") return open_local_fabric(parameters, shape);
  if (parameters.link.name == "simulated") return open_simulated_fabric(parameters, shape);
  return open_verbs_fabric(parameters, shape);
}

Availability probe_fabric(const Link& link) {
  if (auto there = availability_on(fabric_links, link); !there.usable()) return there;
  if (link.name == "local") return probe_local_fabric(link);
  if (link.name == "simulated") return probe_simulated_fabric(link);
  return probe_verbs_fabric(link);
}

}  // namespace xover
