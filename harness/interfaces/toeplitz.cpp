// A window of 32 bits slides along the key, one bit for each of the input.
#include "harness/interfaces/toeplitz.h"

namespace xover {

std::uint32_t toeplitz_hash(std::span<const std::uint8_t> key, std::span<const std::uint8_t> input) {
  const auto key_byte = [&](std::size_t at) { return at < key.size() ? key[at] : std::uint8_t{0}; };
  std::uint32_t window = 0;
  for (std::size_t at = 0; at < 4; ++at) window = window << 8 | key_byte(at);
  std::uint32_t hash = 0;
  for (std::size_t at = 0; at < input.size(); ++at) {
    for (int bit = 7; bit >= 0; --bit) {
      if ((input[at] >> bit & 1) != 0) hash ^= window;
      window = window << 1 | static_cast<std::uint32_t>(key_byte(at + 4) >> bit & 1);
    }
  }
  return hash;
}

}  // namespace xover
