// What this host says about its interfaces: sysfs and getifaddrs(3), in the calling process's network namespace.
#pragma once

#include <vector>

#include "harness/links/wire_check.h"

namespace xover {

// All but `lo`, by name.
Result<std::vector<HostInterface>> host_interfaces();

// By the processor's own word.
bool under_hypervisor();

// False in a container with network of its own: cards of hardware would not come back there, but to the host.
bool in_initial_network_namespace();

}  // namespace xover
