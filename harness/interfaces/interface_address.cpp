// getifaddrs(3).
#include "harness/interfaces/interface_address.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <cstring>
#include <functional>
#include <memory>

#include "core/quote.h"
#include "transports/common/socket_address.h"

namespace xover {

namespace {

bool is_ip(const sockaddr& address) { return address.sa_family == AF_INET || address.sa_family == AF_INET6; }

SocketAddress address_of(const sockaddr& address) {
  sockaddr_storage storage{};
  const std::size_t size = address.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  std::memcpy(&storage, &address, size);
  return SocketAddress::of(storage);
}

// Others reach it without being told the interface: neither link-local nor, by RFC 4291, the old site-local ones.
bool is_routable(const sockaddr& address) {
  const in6_addr& ipv6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return !IN6_IS_ADDR_LINKLOCAL(&ipv6) && !IN6_IS_ADDR_SITELOCAL(&ipv6) && !IN6_IS_ADDR_MULTICAST(&ipv6);
}

// "192.0.2.2:0", "[fd00::2]:0" without port and brackets.
std::string numeric(const SocketAddress& address) {
  std::string text = address.text();
  text.resize(text.rfind(':'));
  return address.version() == IpVersion::v6 ? text.substr(1, text.size() - 2) : text;
}

Result<void> for_each_address(const std::function<void(const std::string&, const sockaddr&)>& look) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return system_error("getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr != nullptr && is_ip(*one->ifa_addr)) look(one->ifa_name, *one->ifa_addr);
  }
  return {};
}

}  // namespace

Result<std::string> interface_of(const std::string& own_address) {
  const bool ipv6 = own_address.find(':') != std::string::npos;
  const auto wanted = SocketAddress::parse(ipv6 ? "[" + own_address + "]:1" : own_address + ":1");
  if (!wanted) {
    return make_error(ErrorCode::bad_input, "find the interface of " + in_quotes(own_address), "it is no address",
                      "write one like 192.0.2.1 or 2001:db8::1");
  }
  std::string name;
  const auto looked = for_each_address([&](const std::string& interface, const sockaddr& address) {
    if (name.empty() && address_of(address).same_host(*wanted)) name = interface;
  });
  if (!looked) return tl::make_unexpected(looked.error());
  if (name.empty()) {
    return make_error(ErrorCode::no_device, "find the interface of " + own_address,
                      "no interface of this host has that address", "`ip address` lists those that they have");
  }
  return name;
}

Result<HostAddresses> addresses_of(const std::string& interface) {
  if (if_nametoindex(interface.c_str()) == 0) {
    return make_error(ErrorCode::no_device, "find the addresses of " + in_quotes(interface),
                      "there is no interface of this name", "`ip link` lists those that there are");
  }
  HostAddresses found{"", ""};
  const auto looked = for_each_address([&](const std::string& name, const sockaddr& address) {
    if (name != interface) return;
    const bool ipv4 = address.sa_family == AF_INET;
    std::string& text = ipv4 ? found.ipv4 : found.ipv6;
    if (text.empty() && (ipv4 || is_routable(address))) text = numeric(address_of(address));
  });
  if (!looked) return tl::make_unexpected(looked.error());
  if (found.ipv4.empty() && found.ipv6.empty()) {
    return make_error(ErrorCode::no_device, "find the addresses of " + interface, "it has none that others can reach",
                      "give it one: ip address add ADDRESS/PREFIX dev " + interface);
  }
  return found;
}

}  // namespace xover
