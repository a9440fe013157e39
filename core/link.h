// Links: where the bytes go. Every transport family uses the same words for them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace xover {

// What a link is made of. Rows of different substrates are never ranked against each other.
enum class Substrate : std::uint8_t { hardware, emulated_device, soft_device, same_host_memory, simulated };

std::string_view to_string(Substrate substrate);

// A link as a person names it: "lo", "af_packet:eth0".
struct Link {
  std::string name = "lo";
  std::string argument;  // what stands behind the colon

  std::string text() const { return argument.empty() ? name : name + ":" + argument; }
  bool operator==(const Link&) const = default;
};

}  // namespace xover
