// In place of the makers of links where libnl was missing: the links are listed and say what to install.
#include "harness/links/make_link.h"

namespace xover {

Availability link_support(const Link&) {
  return {Status::not_built, "this xover was built without libnl-route",
          "apt-get install libnl-route-3-dev libbpf-dev, then ./dev build"};
}

Result<MadeLink> make_link(const Link& link) {
  const Availability missing = link_support(link);
  return make_error(ErrorCode::unsupported, "make link " + link.name, missing.cause, missing.remedy);
}

}  // namespace xover
