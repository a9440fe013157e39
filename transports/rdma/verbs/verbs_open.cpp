// The way in: an end for a session, or none and why.
#include "transports/common/link_ends.h"
#include "transports/rdma/verbs/verbs_end.h"
#include "transports/rdma/verbs/verbs_fabric.h"

namespace xover {

Result<std::unique_ptr<Fabric>> open_verbs_fabric(const OpenParameters& parameters, const FabricShape& shape) {
  auto end = VerbsEnd::open(parameters, shape);
  if (!end) return tl::make_unexpected(end.error());
  return std::move(*end);
}

Availability probe_verbs_fabric(const Link& link) {
  for (const LinkRole role : {LinkRole::sender, LinkRole::receiver}) {  // each of "A+B"
    auto end = VerbsEnd::open({.link = link, .role = role}, {});
    if (!end) return rdma_availability(tl::make_unexpected(end.error()));
    if (end_of(link, LinkRole::receiver) == link) break;
  }
  return rdma_availability({});
}

}  // namespace xover
