// One end of a link while it is made: sockets into its namespace, and the steps that all links share.
#pragma once

#include <map>
#include <string>

#include "core/link.h"
#include "harness/links/interface_features.h"
#include "harness/links/link_settings.h"
#include "harness/links/route_socket.h"

namespace xover {

using LinkFacts = std::map<std::string, std::string>;

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

// What the kernel granted: driver, mtu_bytes, tx_queues, rx_queues, tso, gso, gro, tx_checksum, scatter_gather.
Result<LinkFacts> facts_of(LinkEnd& end);

// The sender's, and as "receiver_..." those of the receiver that differ.
Result<LinkFacts> facts_of_both(LinkEnd& sender, LinkEnd& receiver);

}  // namespace xover
