// Which table belongs to which link.
#include "transports/rdma/rdma_links.h"

namespace xover {

std::span<const OptionSpec> rdma_link_options(std::string_view name) {
  if (name == "local") return local_options;
  if (name == "simulated") return simulated_options;
  if (name == "verbs") return verbs_options;
  return {};
}

Result<Options> resolve_rdma_link(const Link& link) {
  return Options::resolve("link " + link.name, rdma_link_options(link.name), link.options);
}

}  // namespace xover
