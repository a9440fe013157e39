// Socket addresses as text and as the kernel wants them: "127.0.0.1:80", "[::1]:80". Numbers only, no names: nothing
// here asks a resolver.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "core/error.h"

namespace xover {

enum class IpVersion { v4, v6 };

class SocketAddress {
 public:
  static SocketAddress loopback(IpVersion version);             // port 0: the kernel chooses
  static Result<SocketAddress> parse(const std::string& text);  // bad_input, with the form expected
  static Result<SocketAddress> local_of(int fd);                // getsockname(2)
  static Result<SocketAddress> peer_of(int fd);                 // getpeername(2)
  static SocketAddress of(const sockaddr_storage& storage);

  std::string text() const;
  int family() const noexcept { return storage_.ss_family; }
  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept;
  bool operator==(const SocketAddress& other) const noexcept;  // address and port

 private:
  const sockaddr_in& v4() const noexcept { return reinterpret_cast<const sockaddr_in&>(storage_); }
  const sockaddr_in6& v6() const noexcept { return reinterpret_cast<const sockaddr_in6&>(storage_); }

  sockaddr_storage storage_{};
};

}  // namespace xover
