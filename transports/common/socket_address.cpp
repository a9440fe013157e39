// inet_pton and inet_ntop, with the brackets of IPv6.
#include "transports/common/socket_address.h"

#include <arpa/inet.h>

#include <cstring>

#include "core/units.h"

namespace xover {

bool SocketAddress::set(IpVersion version, const std::string& host, std::uint16_t port) {
  if (version == IpVersion::v6) {
    auto& in = reinterpret_cast<sockaddr_in6&>(storage_);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    return inet_pton(AF_INET6, host.c_str(), &in.sin6_addr) == 1;
  }
  auto& in = reinterpret_cast<sockaddr_in&>(storage_);
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  return inet_pton(AF_INET, host.c_str(), &in.sin_addr) == 1;
}

Result<SocketAddress> SocketAddress::of_host(const HostAddresses& host, IpVersion version, std::uint16_t port) {
  const bool v6 = version == IpVersion::v6;
  const std::string& text = v6 ? host.ipv6 : host.ipv4;
  SocketAddress address;
  if (address.set(version, text, port)) return address;
  return make_error(text.empty() ? ErrorCode::unsupported : ErrorCode::bad_input, "address",
                    text.empty() ? std::string("an end of the link has no address of IPv") + (v6 ? "6" : "4") : text,
                    v6 ? "use ip=4, or give the link an IPv6 address" : "use ip=6, or give the link an IPv4 address");
}

Result<SocketAddress> SocketAddress::parse(const std::string& text) {
  const auto refused = [&] {
    return make_error(ErrorCode::bad_input, "address", text, "expected IPV4:PORT or [IPV6]:PORT, in numbers");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return refused();
  const auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return refused();

  std::string host = text.substr(0, colon);
  const bool v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (v6) host = host.substr(1, host.size() - 2);
  SocketAddress address;
  if (!address.set(v6 ? IpVersion::v6 : IpVersion::v4, host, static_cast<std::uint16_t>(*port))) return refused();
  return address;
}

Result<SocketAddress> SocketAddress::local_of(int fd) {
  SocketAddress address;
  socklen_t size = sizeof address.storage_;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage_), &size) != 0) return system_error("getsockname");
  return address;
}

Result<SocketAddress> SocketAddress::peer_of(int fd) {
  SocketAddress address;
  socklen_t size = sizeof address.storage_;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage_), &size) != 0) return system_error("getpeername");
  return address;
}

SocketAddress SocketAddress::of(const sockaddr_storage& storage) {
  SocketAddress address;
  address.storage_ = storage;
  return address;
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &v6().sin6_addr, host, sizeof host);
    return std::string("[").append(host).append("]:").append(std::to_string(ntohs(v6().sin6_port)));
  }
  inet_ntop(AF_INET, &v4().sin_addr, host, sizeof host);
  return std::string(host).append(":").append(std::to_string(ntohs(v4().sin_port)));
}

socklen_t SocketAddress::size() const noexcept {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

bool SocketAddress::operator==(const SocketAddress& other) const noexcept {
  return same_host(other) &&
         (family() == AF_INET6 ? v6().sin6_port == other.v6().sin6_port : v4().sin_port == other.v4().sin_port);
}

bool SocketAddress::same_host(const SocketAddress& other) const noexcept {
  if (family() != other.family()) return false;
  if (family() == AF_INET6) return std::memcmp(&v6().sin6_addr, &other.v6().sin6_addr, sizeof(in6_addr)) == 0;
  return v4().sin_addr.s_addr == other.v4().sin_addr.s_addr;
}

}  // namespace xover
