// What this host says about its interfaces: sysfs and getifaddrs(3), in the calling process's network namespace.
#pragma once

#include <vector>

#include "harness/links/wire_check.h"

namespace xover {

// All but `lo`, by name.
Result<std::vector<HostInterface>> host_interfaces();

// By the processor's own word.
bool under_hypervisor();

// Whether this process is privileged on the host itself, not just in a user namespace of its own: CAP_NET_ADMIN and
// CAP_SYS_ADMIN (capabilities(7)).
bool may_move_interfaces();

// For whoever may move interfaces. False in a container with network of its own: cards of hardware would not come back
// there, but to the host.
bool in_initial_network_namespace();

}  // namespace xover
