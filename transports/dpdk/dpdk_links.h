// The links of the DPDK transports: their options, which the table of links shows, and what an argument means. Always
// built.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/link.h"
#include "core/options.h"

namespace xover {

inline constexpr std::string_view mtu_summary =
    "the longest IP packet, in bytes; the headers of IPv4, UDP and xover take 44 of them";

// Rings and memif have no MTU of their own.
inline constexpr std::array ring_options{
    OptionSpec{
        .name = "mtu", .kind = OptionKind::size, .default_value = "1500", .greatest = 65000, .summary = mtu_summary},
};
inline constexpr std::array memif_options = ring_options;
inline constexpr std::array pci_options{
    OptionSpec{.name = "mtu",
               .kind = OptionKind::size,
               .default_value = "0",
               .greatest = 65000,
               .summary = "the longest IP packet, in bytes; 0: as the card has it"},
};

inline constexpr std::array<std::string_view, 5> dpdk_links{"ring", "memif", "af_packet", "af_xdp", "pci"};

// How many ports a process can have; DPDK's RTE_MAX_ETHPORTS, unless it was built with more.
inline constexpr std::size_t most_dpdk_ports = 32;
// Each connection has a port of its own at each end. On ring both are in one process; on memif one more listens.
inline constexpr std::size_t most_ring_connections = most_dpdk_ports / 2;
inline constexpr std::size_t most_memif_connections = most_dpdk_ports - 1;

// "A+B" of af_packet, af_xdp and pci: the sender's and the receiver's interface or PCI address.
struct DeviceNames {
  std::string sender, receiver;
  const std::string& at(LinkRole role) const { return role == LinkRole::sender ? sender : receiver; }
};
// bad_input with what is wrong: one name, the same twice, no name; for pci also what is no PCI address. Between two
// hosts a name may stand twice, and one alone is that of both.
Result<DeviceNames> parse_device_names(const Link& link, bool two_hosts = false);

// Of the resolved options of a DPDK link; 0: as the device has it, also for links without this option.
Result<std::size_t> mtu_of(const Link& link);

}  // namespace xover
