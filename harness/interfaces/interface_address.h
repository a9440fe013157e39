// Which network interface an address belongs to, and which addresses it has: getifaddrs(3), in the calling process's
// network namespace.
#pragma once

#include <string>

#include "core/error.h"
#include "core/link.h"

namespace xover {

// `own_address`: a numeric address of this host, IPv4 or IPv6. no_device: no interface of this host has it.
Result<std::string> interface_of(const std::string& own_address);

// The first of each version that others can reach: a global or unique local one, never a link-local one. Empty where it
// has none of that version. no_device: there is no such interface, or it has no address at all.
Result<HostAddresses> addresses_of(const std::string& interface);

}  // namespace xover
