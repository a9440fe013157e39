// One end of a link while it is made: sockets into its namespace, and the steps that all links share.
#pragma once

#include <string>

#include "core/link.h"
#include "harness/interfaces/interface_features.h"
#include "harness/links/link_settings.h"
#include "harness/links/make_link.h"
#include "harness/links/route_socket.h"

namespace xover {

// Belongs to the network namespace that its maker was in.
struct LinkEnd {
  std::string interface;
  RouteSocket route;
  FeatureSocket features;

  static Result<LinkEnd> open(const std::string& interface);
};

// Offloads as asked for, both interfaces (this and `lo`) up, and the addresses given. Where IPv6 is turned off, the
// result has no IPv6 address.
Result<HostAddresses> start_end(LinkEnd& end, const LinkSettings& settings, HostAddresses addresses);

// Adds what the kernel granted to made.facts: driver, mtu_bytes, tx_queues, rx_queues, tso, gso, gro, tx_checksum,
// scatter_gather of the sender, and as "receiver_..." those of the receiver that differ. Sets made.gathers. `receiver`
// is null on links without.
Result<void> read_facts(MadeLink& made, LinkEnd& sender, LinkEnd* receiver);

}  // namespace xover
