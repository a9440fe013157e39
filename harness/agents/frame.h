// Frames: how coordinator and agent cut their byte stream into messages. A frame is 4 bytes of magic, 4 bytes of length
// (little-endian) and that many bytes of JSON text. A frame over max_frame_bytes is refused before it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/error.h"

namespace xover {

inline constexpr std::uint32_t frame_magic = 0x31564f58;  // "XOV1"
inline constexpr std::size_t max_frame_bytes = 16u << 20;

// Takes bytes in any cut and gives out whole frames. No I/O; after an error it stays in error.
class FrameParser {
 public:
  void feed(std::span<const char> bytes) { buffer_.append(bytes.data(), bytes.size()); }
  // The next frame's text; nothing when more bytes are needed; an error when the bytes cannot be a frame.
  Result<std::optional<std::string>> next();

 private:
  std::string buffer_;
};

std::string frame_of(std::string_view text);

}  // namespace xover
