// The receive queues of an interface: which interrupt each raises, and which CPUs serve it. With receive side scaling
// known (rss.h), source ports (source_ports.h) make connections land where one likes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "harness/interfaces/rss.h"
#include "harness/interfaces/source_ports.h"
#include "harness/interfaces/system_tree.h"

namespace xover {

struct ReceiveQueue {
  std::uint32_t number = 0;
  std::optional<unsigned> irq;     // none: the driver's names of its interrupts do not tell
  std::vector<unsigned> cpus;      // that serve the interrupt; empty: unknown
  std::vector<unsigned> rps_cpus;  // to which the kernel hands its packets on; empty: it does not

  bool operator==(const ReceiveQueue&) const = default;
};

// By number. no_device: there is no such interface. Reads /proc/interrupts: milliseconds.
Result<std::vector<ReceiveQueue>> receive_queues(const std::string& interface, const SystemTree& tree = {});

// The CPU that serves each of these queues' interrupts: what NearInterface::rx_cpus of placement wants by connection.
// `unsupported`, with what to do, where one is not known, may be several, or the kernel hands packets on (RPS).
Result<std::vector<unsigned>> serving_cpus(const std::string& interface, const std::vector<ReceiveQueue>& queues,
                                           const std::vector<std::uint32_t>& queue_by_connection);

}  // namespace xover
