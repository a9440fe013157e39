// Numbers as they stand in the bytes between two hosts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xover {

template <typename Unsigned>
void append_little_endian(std::string& to, Unsigned value) {
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) to.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

// `bytes` has at least 4.
inline std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace xover
