// Payload whose every byte tells where in the stream it belongs, so that a receiver notices what is wrong, missing,
// doubled or out of order. Each 8-byte word of the stream is a function of the seed and of its absolute position; a
// range may start and end anywhere. Words are in the byte order of the host: both ends need the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace xover {

// Writes what belongs at stream offsets [offset, offset + range.size()).
void fill_payload(std::span<std::byte> range, std::uint64_t seed, std::uint64_t offset) noexcept;

// The stream offset of the first byte that is not what fill_payload() would have written; none when all are right.
std::optional<std::uint64_t> verify_payload(std::span<const std::byte> range, std::uint64_t seed,
                                            std::uint64_t offset) noexcept;

}  // namespace xover
