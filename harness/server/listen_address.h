// Addresses of clients and of the server itself: read, told apart, listened on.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/socket_address.h"

namespace xover {

// "192.0.2.1", "192.0.2.1:7377", "::1", "[::1]:7377"; port 0: the kernel chooses. Error: bad_input.
Result<SocketAddress> parse_listen_address(const std::string& text);

bool is_loopback(const SocketAddress& address);  // 127.0.0.0/8 or ::1: only this host reaches it
bool is_wildcard(const SocketAddress& address);  // 0.0.0.0 or ::, every address of this host
std::uint16_t port_of(const SocketAddress& address);

// As people write it: an IPv4 client of an IPv6 socket by its IPv4 address.
std::string shown(const SocketAddress& address);

// What one party is likely to have as a whole, so that what is shared out by it is shared out fairly: an IPv4 address,
// or an IPv6 network of 64 bits.
std::string network_of(const SocketAddress& address);

// A listening socket that does not block. Error: says who may have the port.
Result<FileDescriptor> listen_on(const SocketAddress& address);

}  // namespace xover
