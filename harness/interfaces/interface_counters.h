// What an interface and the TCP of its host have counted: read before and after a round, the difference is the round's.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/error.h"
#include "harness/interfaces/system_tree.h"

namespace xover {

// By name: "interface_rx_bytes", "interface_tx_dropped_packets", "interface_rx_pause_frames",
// "host_tcp_retransmitted_segments". A counter that this interface, driver or kernel does not have is not there. Those
// of TCP are of the whole network namespace, all its connections together.
struct InterfaceCounters {
  std::map<std::string, std::uint64_t> values;

  // What was counted since `earlier`. Left out: counters that only one of them has, or that began anew in between, as
  // when the driver was loaded again.
  InterfaceCounters since(const InterfaceCounters& earlier) const;

  bool operator==(const InterfaceCounters&) const = default;
};

// Less than a millisecond, if the driver answers at once. no_device: there is no such interface.
Result<InterfaceCounters> read_interface_counters(const std::string& name, const SystemTree& tree = {});

}  // namespace xover
