// Bringing one end up, and asking the kernel what came of it.
#include "harness/links/link_end.h"

#include <cerrno>
#include <map>
#include <utility>

namespace xover {

namespace {

// net.ipv6.conf.*.disable_ipv6, or a kernel without.
bool ipv6_is_off(int errno_value) {
  return errno_value == EACCES || errno_value == EOPNOTSUPP || errno_value == EAFNOSUPPORT;
}

std::string on_off(bool value) { return value ? "on" : "off"; }

struct EndFacts {
  std::map<std::string, std::string> by_name;
  bool gathers = false;
};

Result<EndFacts> facts_of(LinkEnd& end) {
  const auto interface = end.route.find(end.interface);
  if (!interface) return tl::make_unexpected(interface.error());
  const auto features = end.features.read(end.interface);
  if (!features) return tl::make_unexpected(features.error());
  return EndFacts{{{"driver", features->driver},
                   {"mtu_bytes", std::to_string(interface->mtu_bytes)},
                   {"tx_queues", std::to_string(features->tx_queues.value_or(interface->tx_queues))},
                   {"rx_queues", std::to_string(features->rx_queues.value_or(interface->rx_queues))},
                   {"tso", on_off(features->tso)},
                   {"gso", on_off(features->gso)},
                   {"gro", on_off(features->gro)},
                   {"tx_checksum", on_off(features->tx_checksum)},
                   {"scatter_gather", on_off(features->scatter_gather)}},
                  features->gathers()};
}

}  // namespace

Result<LinkEnd> LinkEnd::open(const std::string& interface) {
  auto route = RouteSocket::open();
  if (!route) return tl::make_unexpected(route.error());
  auto features = FeatureSocket::open();
  if (!features) return tl::make_unexpected(features.error());
  return LinkEnd{interface, std::move(*route), std::move(*features)};
}

Result<HostAddresses> start_end(LinkEnd& end, const LinkSettings& settings, HostAddresses addresses) {
  if (!settings.offloads) {
    if (auto off = end.features.turn_off(end.interface); !off) return tl::make_unexpected(off.error());
  }
  for (const std::string& interface : {std::string("lo"), end.interface}) {
    if (auto up = end.route.bring_up(interface); !up) return tl::make_unexpected(up.error());
  }
  if (auto ipv4 = end.route.add_address(end.interface, addresses.ipv4 + ipv4_prefix); !ipv4)
    return tl::make_unexpected(ipv4.error());
  if (auto ipv6 = end.route.add_address(end.interface, addresses.ipv6 + ipv6_prefix); !ipv6) {
    if (!ipv6_is_off(ipv6.error().errno_value)) return tl::make_unexpected(ipv6.error());
    addresses.ipv6.clear();
  }
  return addresses;
}

Result<void> read_facts(MadeLink& made, LinkEnd& sender, LinkEnd* receiver) {
  auto own = facts_of(sender);
  if (!own) return tl::make_unexpected(own.error());
  made.gathers = own->gathers;
  if (receiver != nullptr) {
    auto others = facts_of(*receiver);
    if (!others) return tl::make_unexpected(others.error());
    for (const auto& [name, value] : others->by_name) {
      if (own->by_name.at(name) != value) made.facts["receiver_" + name] = value;
    }
  }
  made.facts.merge(own->by_name);
  return {};
}

}  // namespace xover
