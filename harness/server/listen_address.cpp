// inet addresses taken apart.
#include "harness/server/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "core/units.h"
#include "harness/experiment/bad_input.h"
#include "harness/remote/peer_address.h"
#include "transports/common/sockets.h"

namespace xover {

namespace {

constexpr int backlog = 4096;  // the kernel lowers it to net.core.somaxconn

const in_addr& v4(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr;
}

const in6_addr& v6(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr;
}

bool is_mapped_v4(const SocketAddress& address) {
  return address.version() == IpVersion::v6 && IN6_IS_ADDR_V4MAPPED(&v6(address)) != 0;
}

tl::unexpected<Error> no_address(const std::string& text) {
  return bad_input("--listen", in_quotes(text) + " is no address",
                   "expected numbers and perhaps a port, as 192.0.2.1, 0.0.0.0:7377 or [::1]:7377");
}

}  // namespace

Result<SocketAddress> parse_listen_address(const std::string& text) {
  std::string host = text, port;
  const auto colons = std::ranges::count(text, ':');
  const auto bracket = text.rfind(']');
  if (text.starts_with('[') && bracket != std::string::npos) {
    host = text.substr(1, bracket - 1);
    port = text.substr(bracket + 1);
    if (!port.empty() && port.front() != ':') return no_address(text);
  } else if (colons == 1) {
    host = text.substr(0, text.find(':'));
    port = text.substr(text.find(':'));
  }
  std::int64_t number = default_serve_port;
  if (!port.empty()) {
    const auto parsed = parse_integer(port.substr(1));
    if (!parsed || *parsed < 0 || *parsed > 65535) return no_address(text);
    number = *parsed;
  }
  const IpVersion version = host.find(':') == std::string::npos ? IpVersion::v4 : IpVersion::v6;
  auto address = SocketAddress::of_host({.ipv4 = host, .ipv6 = host}, version, static_cast<std::uint16_t>(number));
  if (!address) return no_address(text);
  return address;
}

bool is_loopback(const SocketAddress& address) {
  if (address.version() == IpVersion::v6) return IN6_IS_ADDR_LOOPBACK(&v6(address)) != 0;
  return ntohl(v4(address).s_addr) >> 24 == 127;
}

bool is_wildcard(const SocketAddress& address) {
  if (address.version() == IpVersion::v6) return IN6_IS_ADDR_UNSPECIFIED(&v6(address)) != 0;
  return v4(address).s_addr == INADDR_ANY;
}

std::uint16_t port_of(const SocketAddress& address) {
  const bool is_v6 = address.version() == IpVersion::v6;
  return ntohs(is_v6 ? reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_port
                     : reinterpret_cast<const sockaddr_in*>(address.data())->sin_port);
}

std::string shown(const SocketAddress& address) {
  if (!is_mapped_v4(address)) return address.text();
  char host[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, v6(address).s6_addr + 12, host, sizeof host);
  return std::string(host) + ":" + std::to_string(port_of(address));
}

std::string network_of(const SocketAddress& address) {
  if (address.version() == IpVersion::v4) return {reinterpret_cast<const char*>(&v4(address)), sizeof(in_addr)};
  const auto* bytes = reinterpret_cast<const char*>(v6(address).s6_addr);
  return is_mapped_v4(address) ? std::string(bytes + 12, 4) : std::string(bytes, 8);
}

Result<FileDescriptor> listen_on(const SocketAddress& address) {
  auto socket = make_socket(address.version(), SOCK_STREAM | SOCK_NONBLOCK);
  if (!socket) return socket;
  (void)set_option(socket->get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (address.version() == IpVersion::v6) (void)set_option(socket->get(), IPPROTO_IPV6, IPV6_V6ONLY, 0, "IPV6_V6ONLY");
  if (bind(socket->get(), address.data(), address.size()) == 0 && listen(socket->get(), backlog) == 0) return socket;
  const bool taken = errno == EADDRINUSE, foreign = errno == EADDRNOTAVAIL;
  return system_error("listen", address.text(),
                      taken     ? "another program, perhaps another `xover serve`, has this port: choose one with "
                                  "--listen ADDRESS:PORT"
                      : foreign ? "no interface of this host has this address: see `ip addr`"
                                : "");
}

}  // namespace xover
