// The way in: an end for a session, or none and why.
#include "transports/rdma/verbs/verbs_end.h"
#include "transports/rdma/verbs/verbs_fabric.h"

namespace xover {

Result<std::unique_ptr<Fabric>> open_verbs_fabric(const OpenParameters& parameters, const FabricShape& shape) {
  auto end = VerbsEnd::open(parameters.link, shape);
  if (!end) return tl::make_unexpected(end.error());
  return std::move(*end);
}

Availability probe_verbs_fabric(const Link& link) {
  auto end = VerbsEnd::open(link, {});
  if (!end) return rdma_availability(tl::make_unexpected(end.error()));
  return rdma_availability({});
}

}  // namespace xover
