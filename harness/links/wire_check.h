// Which interfaces `wire` may take, and what a link of them is made of. Decisions alone, no system call.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/link.h"

namespace xover {

// An interface as the host has it now.
struct HostInterface {
  std::string name;
  std::string driver;
  bool has_device = false;             // of hardware, or of a hypervisor's: it goes back when its namespace ends
  std::vector<std::string> addresses;  // those that somebody gave it; link-local ones come by themselves
  std::string part_of;                 // the bridge, bond, VLAN or other interface that stands on it
  bool up = false;                     // administratively, whether or not a cable carries
};

using WireNames = std::pair<std::string, std::string>;  // sender's and receiver's interface

// Of "A+B".
Result<WireNames> parse_wire(const std::string& argument);

// 0 (as the cards have it), or what carries IPv6.
Result<void> check_wire_mtu(std::uint32_t mtu_bytes);

// Refuses what does not exist, what would not come back, and what somebody uses or could use: packet sockets, tunnels
// and routes without an address leave no trace but that the interface is up.
Result<void> check_wire(const std::vector<HostInterface>& host, const std::string& sender, const std::string& receiver);

// Emulated where either card is one of virtual machines'.
Substrate wire_substrate(const std::string& sender_driver, const std::string& receiver_driver, bool under_hypervisor);

}  // namespace xover
