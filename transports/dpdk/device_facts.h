// What the system knows of a network interface or PCI device, asked before DPDK touches it: DPDK's own answers to a
// wrong name or a missing right do not say what to do.
#pragma once

#include <cstddef>
#include <string>

#include "core/error.h"
#include "core/link.h"

namespace xover {

// Of this network namespace.
std::string interfaces_here();                 // "lo, eth0"
bool interface_runs(const std::string& name);  // up, with carrier
Result<std::size_t> mtu_of_interface(const std::string& name);

// "0000:01:00.0 (bound to e1000e), ..." of the network cards; empty: there are none.
std::string network_cards_here();

// Whether the PCI device of this address can raise message signalled interrupts other than MSI-X. Not all can:
// virtual functions mostly cannot. False also where this process may not read that.
bool has_msi(const std::string& pci_address);

// no_device or not_permitted, and what to do about it, where this process could not use this device as links of this
// name do. `name` empty: where it could not use any.
Result<void> check_device(const std::string& link, const std::string& name);

}  // namespace xover
