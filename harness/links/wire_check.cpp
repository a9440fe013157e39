// Refusals in words. Nobody's network is taken away by accident.
#include "harness/links/wire_check.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/links/link_settings.h"

namespace xover {

namespace {

constexpr const char* operation = "wire";
constexpr const char* use_another = "use a card that carries no traffic";

// Cards that exist in virtual machines alone.
constexpr std::array<std::string_view, 6> virtual_drivers{"virtio_net", "vmxnet3", "xen_netfront",
                                                          "hv_netvsc",  "vif",     "ibmveth"};
// Real cards that hypervisors imitate.
constexpr std::array<std::string_view, 7> imitated_drivers{"e1000",   "e1000e",   "igb",    "8139cp",
                                                           "8139too", "ne2k-pci", "pcnet32"};

bool contains(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string names_of(const std::vector<HostInterface>& host) {
  std::vector<std::string> names;
  for (const HostInterface& interface : host) {
    if (interface.has_device) names.push_back(interface.name);
  }
  return names.empty() ? "this host has no network card" : "network cards of this host: " + joined(names);
}

Result<void> check_interface(const std::vector<HostInterface>& host, const std::string& name) {
  const auto found = std::find_if(host.begin(), host.end(), [&](const HostInterface& one) { return one.name == name; });
  if (found == host.end())
    return make_error(ErrorCode::no_device, operation, "there is no interface " + name, names_of(host));
  if (!found->has_device) {
    return make_error(ErrorCode::bad_input, operation,
                      name + " is an interface of software, which ends with the namespace that it is moved to",
                      names_of(host) + "; for a pair of software use the link veth");
  }
  if (!found->addresses.empty()) {
    return make_error(ErrorCode::bad_input, operation,
                      name + " is in use: it has the address " + joined(found->addresses),
                      std::string(use_another) + ", or take the address away if nobody needs it");
  }
  if (!found->part_of.empty()) {
    return make_error(ErrorCode::bad_input, operation, name + " is in use: " + found->part_of + " stands on it",
                      std::string(use_another) + ", or take it out of " + found->part_of + " if nobody needs it");
  }
  if (found->up) {
    return make_error(ErrorCode::bad_input, operation, name + " is up",
                      std::string(use_another) + "; `ip link set dev " + name +
                          " down` gives this one to xover, if it carries no traffic of yours");
  }
  return {};
}

}  // namespace

Result<WireNames> parse_wire(const std::string& argument) {
  const auto plus = argument.find('+');
  const bool two = plus != std::string::npos && argument.find('+', plus + 1) == std::string::npos;
  const std::string sender = argument.substr(0, plus), receiver = two ? argument.substr(plus + 1) : "";
  if (sender.empty() || receiver.empty()) {
    return make_error(ErrorCode::bad_input, operation, "\"" + argument + "\" does not name two interfaces",
                      "write wire:A+B, the sender's interface and the receiver's");
  }
  if (sender == receiver) {
    return make_error(ErrorCode::bad_input, operation, sender + " cannot be both ends",
                      "name two interfaces that a cable joins");
  }
  return std::pair{sender, receiver};
}

Result<void> check_wire_mtu(std::uint32_t mtu_bytes) {
  if (mtu_bytes == 0 || mtu_bytes >= least_mtu_bytes) return {};
  return make_error(ErrorCode::bad_input, operation, "mtu=" + std::to_string(mtu_bytes) + " is too small for IPv6",
                    "use " + std::to_string(least_mtu_bytes) + " or more, or 0 for the MTU that the cards have");
}

Result<void> check_wire(const std::vector<HostInterface>& host, const std::string& sender,
                        const std::string& receiver) {
  if (auto fit = check_interface(host, sender); !fit) return fit;
  return check_interface(host, receiver);
}

Substrate wire_substrate(const std::string& sender_driver, const std::string& receiver_driver, bool under_hypervisor) {
  for (const std::string& driver : {sender_driver, receiver_driver}) {
    if (contains(virtual_drivers, driver)) return Substrate::emulated_device;
    if (under_hypervisor && contains(imitated_drivers, driver)) return Substrate::emulated_device;
  }
  return Substrate::hardware;
}

}  // namespace xover
