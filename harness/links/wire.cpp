// Takes two interfaces of the host into namespaces, and waits until the cable carries.
#include "harness/links/wire.h"

#include <fcntl.h>

#include <chrono>
#include <thread>
#include <utility>

#include "harness/links/link_end.h"
#include "harness/links/namespaces.h"
#include "harness/links/wire_check.h"
#include "harness/links/wire_facts.h"

namespace xover {

namespace {

constexpr std::chrono::seconds carrier_bound{5};
constexpr std::chrono::seconds return_bound{1};
constexpr std::chrono::milliseconds nap{20};

struct Cards {
  HostInterface sender, receiver;
};

HostInterface named(const std::vector<HostInterface>& host, const std::string& name) {
  for (const HostInterface& interface : host) {
    if (interface.name == name) return interface;
  }
  return {};
}

Result<Cards> free_cards_now(const std::string& sender, const std::string& receiver) {
  const auto host = host_interfaces();
  if (!host) return tl::make_unexpected(host.error());
  if (auto fit = check_wire(*host, sender, receiver); !fit) return tl::make_unexpected(fit.error());
  return Cards{named(*host, sender), named(*host, receiver)};
}

// A card that is missing may be on its way back: the kernel ends namespaces some time after their last holder.
Result<Cards> free_cards(const WireNames& names) {
  const auto deadline = std::chrono::steady_clock::now() + return_bound;
  for (;;) {
    auto cards = free_cards_now(names.first, names.second);
    const bool missing = !cards && cards.error().code == ErrorCode::no_device;
    if (!missing || std::chrono::steady_clock::now() >= deadline) return cards;
    std::this_thread::sleep_for(nap);
  }
}

// Both moves or none. `host` is a socket into the namespace that the cards are in.
Result<void> take_cards(RouteSocket& host, int host_net_fd, LinkEnd& sender, const MadeLink& made,
                        const std::string& receiver_card) {
  if (auto first = host.move(sender.interface, made.sender_net.get()); !first) return first;
  auto second = host.move(receiver_card, made.receiver_net.get());
  if (second) return second;
  if (auto back = sender.route.move(sender.interface, host_net_fd); !back) {
    second.error().context += "; " + sender.interface + " goes back when this process ends";
  }
  return second;
}

Result<void> await_carrier(LinkEnd& end, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto interface = end.route.find(end.interface);
    if (!interface) return tl::make_unexpected(interface.error());
    if (interface->carrier) return {};
    if (std::chrono::steady_clock::now() >= deadline) break;
    std::this_thread::sleep_for(nap);
  }
  return make_error(ErrorCode::no_device, "wire", end.interface + " has had no carrier for 5 s",
                    "join the two interfaces by a cable");
}

Result<HostAddresses> start_card(LinkEnd& end, const LinkSettings& settings, const HostAddresses& addresses) {
  if (settings.queues != 0) {
    if (auto set = end.features.set_queues(end.interface, settings.queues); !set)
      return tl::make_unexpected(set.error());
  }
  if (settings.mtu_bytes != 0) {
    if (auto set = end.route.set_mtu(end.interface, settings.mtu_bytes); !set) {
      Error refused = set.error();
      if (refused.code == ErrorCode::internal) refused.code = ErrorCode::bad_input;
      refused.remedy = "`ip -d link show dev " + end.interface + "` tells its least and greatest MTU";
      return tl::make_unexpected(std::move(refused));
    }
  }
  return start_end(end, settings, addresses);
}

Result<void> start_wire(MadeLink& made, LinkEnd& sender, LinkEnd& receiver, const LinkSettings& settings) {
  auto sender_address = start_card(sender, settings, sender_addresses());
  if (!sender_address) return tl::make_unexpected(sender_address.error());
  auto receiver_address = start_card(receiver, settings, receiver_addresses());
  if (!receiver_address) return tl::make_unexpected(receiver_address.error());
  const auto deadline = std::chrono::steady_clock::now() + carrier_bound;
  if (auto up = await_carrier(sender, deadline); !up) return up;
  if (auto up = await_carrier(receiver, deadline); !up) return up;
  made.sender = *sender_address;
  made.receiver = *receiver_address;
  return read_facts(made, sender, &receiver);
}

// The cards are looked at in the host's namespace just before they are moved, so that nobody takes them up in between.
Result<void> find_and_take_cards(MadeLink& made, const WireNames& names, int host_net_fd, LinkEnd& sender,
                                 const LinkEnd& receiver) {
  if (auto there = switch_network_namespace(host_net_fd); !there) return there;
  auto host = RouteSocket::open();
  if (!host) return tl::make_unexpected(host.error());
  const auto cards = free_cards(names);
  if (!cards) return tl::make_unexpected(cards.error());
  if (auto taken = take_cards(*host, host_net_fd, sender, made, receiver.interface); !taken) return taken;
  made.substrate = wire_substrate(cards->sender.driver, cards->receiver.driver, under_hypervisor());
  return switch_network_namespace(made.sender_net.get());
}

}  // namespace

Availability wire_support() {
  if (!may_move_interfaces()) {
    return {Status::not_permitted, "wire moves interfaces of the host, which a user namespace does not permit",
            "run as root"};
  }
  if (!in_initial_network_namespace()) {
    return {Status::not_permitted,
            "this is not the host's own network namespace, and only to that does the kernel give cards back",
            "run xover on the host, outside of containers"};
  }
  return {};
}

Result<MadeLink> make_wire(const std::string& argument, const LinkSettings& settings) {
  const auto names = parse_wire(argument);
  if (!names) return tl::make_unexpected(names.error());
  if (auto fit = check_wire_mtu(settings.mtu_bytes); !fit) return tl::make_unexpected(fit.error());
  const FileDescriptor host_net(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!host_net) return system_error("open", "/proc/thread-self/ns/net", "mount /proc");
  NamespaceRequest request;
  request.user_namespace_helps = false;
  auto namespaces = make_namespaces(request);
  if (!namespaces) return tl::make_unexpected(namespaces.error());
  MadeLink made;
  made.sender_net = std::move(namespaces->sender_net);
  made.receiver_net = std::move(namespaces->receiver_net);
  auto sender = LinkEnd::open(names->first);
  if (!sender) return tl::make_unexpected(sender.error());
  if (auto there = switch_network_namespace(made.receiver_net.get()); !there) return tl::make_unexpected(there.error());
  auto receiver = LinkEnd::open(names->second);
  if (!receiver) return tl::make_unexpected(receiver.error());
  if (auto taken = find_and_take_cards(made, *names, host_net.get(), *sender, *receiver); !taken)
    return tl::make_unexpected(taken.error());
  if (auto started = start_wire(made, *sender, *receiver, settings); !started)
    return tl::make_unexpected(started.error());
  return made;
}

}  // namespace xover
