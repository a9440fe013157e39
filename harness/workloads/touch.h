// Reading every received byte, as an application would that uses what it was sent: a byte that nobody reads is cheap
// only for paths that never moved it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace xover {

// A sum that depends on every byte; the caller keeps it so that the reads cannot be left out.
std::uint64_t read_every_byte(std::span<const std::byte> bytes) noexcept;

}  // namespace xover
