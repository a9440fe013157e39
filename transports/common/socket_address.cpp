// inet_pton and inet_ntop, with the brackets of IPv6.
#include "transports/common/socket_address.h"

#include <arpa/inet.h>

#include <cstring>

#include "core/units.h"

namespace xover {

SocketAddress SocketAddress::loopback(IpVersion version) {
  SocketAddress address;
  if (version == IpVersion::v4) {
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage_);
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(address.storage_);
    in.sin6_family = AF_INET6;
    in.sin6_addr = in6addr_loopback;
  }
  return address;
}

Result<SocketAddress> SocketAddress::parse(const std::string& text) {
  const auto refused = [&] {
    return make_error(ErrorCode::bad_input, "address", text, "expected 127.0.0.1:PORT or [::1]:PORT");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return refused();
  const auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return refused();

  SocketAddress address;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    auto& in = reinterpret_cast<sockaddr_in6&>(address.storage_);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(static_cast<std::uint16_t>(*port));
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &in.sin6_addr) != 1) return refused();
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(address.storage_);
    in.sin_family = AF_INET;
    in.sin_port = htons(static_cast<std::uint16_t>(*port));
    if (inet_pton(AF_INET, host.c_str(), &in.sin_addr) != 1) return refused();
  }
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
  if (family() != other.family()) return false;
  if (family() == AF_INET6) {
    return v6().sin6_port == other.v6().sin6_port &&
           std::memcmp(&v6().sin6_addr, &other.v6().sin6_addr, sizeof(in6_addr)) == 0;
  }
  return v4().sin_port == other.v4().sin_port && v4().sin_addr.s_addr == other.v4().sin_addr.s_addr;
}

}  // namespace xover
