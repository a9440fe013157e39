// What a result needs to know of the network interface that its bytes went through, on the host of the caller: driver,
// speed, offloads, rings, queues and the interrupts that serve them, and how those CPUs are run.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/interfaces/system_tree.h"

namespace xover {

// By name:
//   driver, driver_version, firmware, bus_address, numa_node
//   speed_mbps, duplex, mtu_bytes          of the line
//   tso, gso, gro, lro, tx_checksum, rx_checksum, scatter_gather, ntuple_filters: "on" or "off"
//   rx_ring, tx_ring                       "512 of 4096 packets"
//   rx_queues, tx_queues                   how many
//   rx_coalescing, tx_coalescing           "after 3 us or 0 packets, adaptive on"
//   pause_frames                           "rx on, tx off, negotiated"
//   rss_function, rss_spread, rss_tcp_ipv4 and so on: "toeplitz", "128 entries over 8 queues", "addresses and ports"
//   rx_interrupts                          "queue 0: irq 45 on CPU 3; queue 1: irq 46 on CPU 5"
//   rps, xps                               "off", or by queue: "queue 0: CPUs 0 to 3"
//   napi_threads, cpu_governor, cpu_turbo, cpu_smt
// What cannot be found out is left out, never made up; empty: there is no such interface. Reads small files and asks
// the driver: milliseconds.
std::map<std::string, std::string> interface_facts(const std::string& name, const SystemTree& tree = {});

// Which NUMA node it is attached to, as the operating system counts. None: unknown, as on machines with one node.
std::optional<int> numa_node_of(const std::string& interface, const SystemTree& tree = {});

}  // namespace xover
