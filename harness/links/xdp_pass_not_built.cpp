// In place of the XDP program where libbpf was missing: veth_dma is listed and says what to install.
#include "harness/links/xdp_pass.h"

namespace xover {

Availability xdp_support() {
  return {Status::not_built, "this xover was built without libbpf", "apt-get install libbpf-dev, then ./dev build"};
}

Result<void> attach_xdp_pass(const std::string& interface) {
  const Availability missing = xdp_support();
  return make_error(ErrorCode::unsupported, "attach XDP_PASS", interface + ": " + missing.cause, missing.remedy);
}

std::string xdp_mode_of(const std::string&) { return "none"; }

}  // namespace xover
