// The links of software: namespaces, a device, addresses; and what the kernel made of what was asked for.
#include "harness/links/make_link.h"

#include <cerrno>
#include <utility>

#include "harness/links/ifb_driver.h"
#include "harness/links/link_end.h"
#include "harness/links/links.h"
#include "harness/links/namespaces.h"
#include "harness/links/wire.h"
#include "harness/links/xdp_pass.h"

namespace xover {

namespace {

constexpr const char* with_xdp = "veth_dma";

// In a user namespace the first request that needs a capability finds out whether one came with it: where AppArmor
// restricts user namespaces (Ubuntu 24.04), it does not.
Error explained(Error error, bool in_user_namespace) {
  if (in_user_namespace && error.errno_value == EPERM && error.remedy.empty()) {
    error.context += (error.context.empty() ? "" : ": ") + std::string("inside a user namespace without capabilities");
    error.remedy = user_namespace_remedy();
  }
  return error;
}

MadeLink made_in(LinkNamespaces namespaces) {
  MadeLink made;
  made.user = std::move(namespaces.user);
  made.sender_net = std::move(namespaces.sender_net);
  made.receiver_net = std::move(namespaces.receiver_net);
  return made;
}

Result<LinkEnd> open_end_in(int net_fd, const char* interface) {
  if (auto moved = switch_network_namespace(net_fd); !moved) return tl::make_unexpected(moved.error());
  return LinkEnd::open(interface);
}

// The calling process is at the sender's end, before and after. What mode the kernel attached the program in.
Result<std::string> attach_xdp_at_receiver(const MadeLink& made) {
  if (auto there = switch_network_namespace(made.receiver_net.get()); !there) return tl::make_unexpected(there.error());
  if (auto attached = attach_xdp_pass(receiver_interface); !attached) return tl::make_unexpected(attached.error());
  std::string mode = xdp_mode_of(receiver_interface);
  if (auto back = switch_network_namespace(made.sender_net.get()); !back) return tl::make_unexpected(back.error());
  return mode;
}

// XDP comes before the ends are up, so that no packet sees the link without it.
Result<void> start_veth(MadeLink& made, LinkEnd& sender, LinkEnd& receiver, const LinkSettings& settings, bool xdp) {
  if (auto added = sender.route.add_veth(sender_interface, receiver_interface, made.receiver_net.get(),
                                         settings.mtu_bytes, settings.queues);
      !added)
    return added;
  if (xdp) {
    const auto mode = attach_xdp_at_receiver(made);
    if (!mode) return tl::make_unexpected(mode.error());
    made.facts["receiver_xdp"] = *mode;
  }
  auto sender_address = start_end(sender, settings, sender_addresses());
  if (!sender_address) return tl::make_unexpected(sender_address.error());
  auto receiver_address = start_end(receiver, settings, receiver_addresses());
  if (!receiver_address) return tl::make_unexpected(receiver_address.error());
  made.sender = *sender_address;
  made.receiver = *receiver_address;
  made.facts.emplace("xdp", "none");
  return read_facts(made, sender, &receiver);
}

Result<MadeLink> make_veth(const LinkSettings& settings, bool xdp) {
  auto namespaces = make_namespaces({});
  if (!namespaces) return tl::make_unexpected(namespaces.error());
  MadeLink made = made_in(std::move(*namespaces));
  auto receiver = open_end_in(made.receiver_net.get(), receiver_interface);
  if (!receiver) return tl::make_unexpected(receiver.error());
  auto sender = open_end_in(made.sender_net.get(), sender_interface);
  if (!sender) return tl::make_unexpected(sender.error());
  if (auto started = start_veth(made, *sender, *receiver, settings, xdp); !started)
    return tl::make_unexpected(explained(started.error(), static_cast<bool>(made.user)));
  return made;
}

Result<void> start_ifb(MadeLink& made, LinkEnd& sender, const LinkSettings& settings) {
  if (auto added = sender.route.add_ifb(sender_interface, settings.queues); !added) return added;
  if (auto set = sender.route.set_mtu(sender_interface, settings.mtu_bytes); !set) return set;
  auto address = start_end(sender, settings, sender_addresses());
  if (!address) return tl::make_unexpected(address.error());
  made.sender = *address;
  made.receiver = receiver_addresses();
  if (made.sender.ipv6.empty()) made.receiver.ipv6.clear();
  for (const std::string& neighbour : {made.receiver.ipv4, made.receiver.ipv6}) {
    if (neighbour.empty()) continue;
    if (auto known = sender.route.add_neighbour(sender_interface, neighbour); !known) return known;
  }
  return read_facts(made, sender, nullptr);
}

Result<MadeLink> make_ifb(const LinkSettings& settings) {
  NamespaceRequest request;
  request.has_receiver = false;
  load_ifb_driver();
  auto namespaces = make_namespaces(request);
  if (!namespaces) return tl::make_unexpected(namespaces.error());
  MadeLink made = made_in(std::move(*namespaces));
  auto sender = LinkEnd::open(sender_interface);
  if (!sender) return tl::make_unexpected(sender.error());
  if (auto started = start_ifb(made, *sender, settings); !started)
    return tl::make_unexpected(explained(started.error(), static_cast<bool>(made.user)));
  return made;
}

}  // namespace

Availability link_support(const Link& link) {
  if (link.name == with_xdp) return xdp_support();
  return link.name == "wire" ? wire_support() : Availability{};
}

Result<MadeLink> make_link(const Link& link) {
  const LinkDescriptor* row = find_link(link.name);
  if (row == nullptr || !row->made)
    return make_error(ErrorCode::bad_input, "make link", link.name + " is not one that is made");
  if (const Availability support = link_support(link); !support.usable()) {
    const bool forbidden = support.status == Status::not_permitted;
    return make_error(forbidden ? ErrorCode::not_permitted : ErrorCode::unsupported, "make link " + link.name,
                      support.cause, support.remedy);
  }
  const auto options = Options::resolve(link.name, row->options, link.options);
  if (!options) return tl::make_unexpected(options.error());
  const LinkSettings settings = link_settings(*options);
  if (link.name == "ifb") return make_ifb(settings);
  if (link.name == "wire") return make_wire(link.argument, settings);
  return make_veth(settings, link.name == with_xdp);
}

}  // namespace xover
