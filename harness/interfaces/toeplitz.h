// The hash with which network cards spread flows over their receive queues. Source: "Verifying the RSS hash
// calculation", Microsoft's driver documentation, which also has the test vectors.
#pragma once

#include <cstdint>
#include <span>

namespace xover {

// Each bit of the input that is set adds the 32 bits of the key that begin there. A key that ends earlier counts as
// followed by zeros.
std::uint32_t toeplitz_hash(std::span<const std::uint8_t> key, std::span<const std::uint8_t> input);

}  // namespace xover
