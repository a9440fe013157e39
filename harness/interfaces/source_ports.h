// Source ports under which connections arrive at the receive queues that are wanted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "harness/interfaces/rss.h"

namespace xover {

// All queues in turn, or all connections on the lowest one.
enum class QueueChoice : std::uint8_t { spread, one };

// Both ends belong to it. The default lies below the ports that Linux hands out by itself (32768 to 60999).
struct PortRange {
  std::uint16_t first = 20000, last = 32767;
};

struct WantedPorts {
  std::string source, destination;               // numeric addresses as the receiver sees them: the source is the peer
  std::vector<std::uint16_t> destination_ports;  // of each connection; at least one
  bool udp = false;
  QueueChoice choice = QueueChoice::spread;
  PortRange range = {};
  std::uint64_t seed = 0;  // the same seed, the same ports: drawn anew for each round, or fixed
};

struct SourcePorts {
  std::vector<std::uint16_t> ports;   // by connection, each another one
  std::vector<std::uint32_t> queues;  // by connection: where it arrives
};

// `rss`: of the receiver's interface. `unsupported`, with the reason, where the queue cannot be known, where `spread`
// is asked of a single queue or of a device that does not hash ports, or where too few ports of the range fit.
Result<SourcePorts> source_ports_for(const Rss& rss, const WantedPorts& wanted);

}  // namespace xover
