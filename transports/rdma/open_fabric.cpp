// One fabric for each link.
#include <string>

#include "transports/common/socket_links.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/local/local_fabric.h"
#include "transports/rdma/simulated/simulated_fabric.h"
#include "transports/rdma/verbs/verbs_fabric.h"

namespace xover {

Result<std::unique_ptr<Fabric>> open_fabric(const OpenParameters& parameters, const FabricShape& shape) {
  if (auto known = require_link(fabric_links, parameters.link, "rdma"); !known)
    return tl::make_unexpected(known.error());
  if (parameters.two_hosts && parameters.link.name != "verbs") {
    return make_error(ErrorCode::unsupported, "open link " + parameters.link.text(),
                      "it is of one host, and the ends are on two", "use verbs between two hosts");
  }
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
