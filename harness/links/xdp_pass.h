// The XDP program of the link veth_dma: it lets every packet pass, and its presence makes veth receive as a NIC does.
//
// With a program in driver mode the receiving end of a veth pair polls its ring by NAPI and copies each packet into a
// page of its own, where a NIC's DMA would write; the sender's pages are free from then on, as after DMA.
#pragma once

#include <string>

#include "core/error.h"
#include "core/transport.h"

namespace xover {

// Whether this build can load it: not_built with the package to install.
Availability xdp_support();

// To an interface of the calling process's network namespace. The interface holds the program from then on, and both
// end with the namespace. Errors: `not_permitted` without CAP_BPF and CAP_NET_ADMIN of the host, `unsupported` before
// Linux 5.18 (XDP with fragments).
Result<void> attach_xdp_pass(const std::string& interface);

// "none", "driver" or "generic".
std::string xdp_mode_of(const std::string& interface);

}  // namespace xover
