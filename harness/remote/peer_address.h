// Where the other host listens, as a person writes it for --peer: "HOST", "HOST:PORT", "[IPv6]:PORT".
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

inline constexpr std::uint16_t default_serve_port = 7377;

struct PeerAddress {
  std::string host;  // a name or a numeric address
  std::string port;  // in digits

  std::string text() const;
};

// Error: bad_input.
Result<PeerAddress> parse_peer(const std::string& text);

// A connected control socket, watched over. Tries every address of the name; blocks for at most 5 s on each. Errors:
// no_device (no such name), refused (nobody listens there), timed_out.
Result<FileDescriptor> connect_to(const PeerAddress& peer);

}  // namespace xover
