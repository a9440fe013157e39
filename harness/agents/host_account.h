// What the coordinator asks of a host that a sample's end is on, its own or another: what it is, where its workers go,
// and from which ports connections reach which of its receive queues. Answered on that host, by an agent or by the
// coordinator itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/link.h"
#include "harness/experiment/point.h"
#include "harness/experiment/result.h"
#include "harness/interfaces/source_ports.h"
#include "harness/placement/placement.h"

namespace xover {

// A host, and the interface that the bytes go through.
struct HostAccount {
  Environment environment;
  std::string interface;
  std::map<std::string, std::string> interface_facts;
  HostAddresses addresses;
  Substrate substrate = Substrate::soft_device;  // of the interface
  bool gathers = false;                          // see MadeLink::gathers
};

// `interface` may be empty: then the one that has `own_address`, where the other host reaches this one. Reads small
// files and asks the driver: tens of milliseconds. no_device: there is no such interface, or it has no address.
Result<HostAccount> describe_host(const std::string& interface, const std::string& own_address);

inline constexpr unsigned most_placed_connections = 4096;

// Where the workers of one end go.
struct EndPlacement {
  Placement placement = Placement::automatic;
  unsigned connections = 1, senders = 1;
  Wait wait = Wait::block;
  LinkRole role = LinkRole::sender;
  std::string interface;
  RxQueues rx_queues = RxQueues::any;
};
Result<CoreMap> place_end(const EndPlacement& wanted);

// The ports that make connections arrive as wanted, by the receiver's interface.
Result<SourcePorts> choose_ports(const std::string& interface, const WantedPorts& wanted);

}  // namespace xover
