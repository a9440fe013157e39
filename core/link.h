// Links: where the bytes go. Every transport family uses the same words for them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/options.h"

namespace xover {

// What a link is made of. Rows of different substrates are never ranked against each other.
enum class Substrate : std::uint8_t { hardware, emulated_device, soft_device, same_host_memory, simulated };

std::string_view to_string(Substrate substrate);

// A link as a person names it: "lo", "af_packet:eth0+eth1", "veth[mtu=9000]".
struct Link {
  std::string name = "lo";
  std::string argument;  // what stands behind the colon
  OptionText options;    // what stands in brackets; whether the link has them is the harness's to check

  std::string text() const;
  bool operator==(const Link&) const = default;
};

// The two ends of a link, named after the role of who sits there.
enum class LinkRole : std::uint8_t { sender, receiver };

// The numeric addresses of one end of a link that carries IP. Those of `lo` unless somebody says otherwise.
struct HostAddresses {
  std::string ipv4 = "127.0.0.1";
  std::string ipv6 = "::1";

  bool operator==(const HostAddresses&) const = default;
};

}  // namespace xover
