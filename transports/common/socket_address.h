// Socket addresses as text and as the kernel wants them: "192.0.2.1:80", "[::1]:80". Numbers only, no names: nothing
// here asks a resolver.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "core/error.h"
#include "core/link.h"

namespace xover {

enum class IpVersion { v4, v6 };

class SocketAddress {
 public:
  // One end of a link; port 0: the kernel chooses. `unsupported` where that end has no address of this version.
  static Result<SocketAddress> of_host(const HostAddresses& host, IpVersion version, std::uint16_t port = 0);
  static Result<SocketAddress> parse(const std::string& text);  // bad_input, with the form expected
  static Result<SocketAddress> local_of(int fd);                // getsockname(2)
  static Result<SocketAddress> peer_of(int fd);                 // getpeername(2)
  static SocketAddress of(const sockaddr_storage& storage);

  std::string text() const;
  int family() const noexcept { return storage_.ss_family; }
  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  IpVersion version() const noexcept { return family() == AF_INET6 ? IpVersion::v6 : IpVersion::v4; }
  socklen_t size() const noexcept;
  bool operator==(const SocketAddress& other) const noexcept;  // address and port
  bool same_host(const SocketAddress& other) const noexcept;   // address alone

 private:
  bool set(IpVersion version, const std::string& host, std::uint16_t port);  // false: `host` is no such address
  const sockaddr_in& v4() const noexcept { return reinterpret_cast<const sockaddr_in&>(storage_); }
  const sockaddr_in6& v6() const noexcept { return reinterpret_cast<const sockaddr_in6&>(storage_); }

  sockaddr_storage storage_{};
};

}  // namespace xover
