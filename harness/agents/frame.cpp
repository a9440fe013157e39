// Cutting and joining frames.
#include "harness/agents/frame.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace xover {

namespace {

constexpr std::size_t header_bytes = 8;

std::uint32_t read_u32(const char* from) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(from[i]);
  return value;
}

void append_u32(std::string& to, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) to.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

}  // namespace

Result<std::optional<std::string>> FrameParser::next() {
  if (buffer_.size() < header_bytes) return std::optional<std::string>();
  if (read_u32(buffer_.data()) != frame_magic)
    return make_error(ErrorCode::bad_input, "read frame", "the bytes do not begin a frame of this protocol");
  const std::size_t size_bytes = read_u32(buffer_.data() + 4);
  if (size_bytes > max_frame_bytes)
    return make_error(ErrorCode::bad_input, "read frame",
                      fmt::format("a frame of {} bytes; at most {} are allowed", size_bytes, max_frame_bytes));
  if (buffer_.size() < header_bytes + size_bytes) return std::optional<std::string>();
  std::string text = buffer_.substr(header_bytes, size_bytes);
  buffer_.erase(0, header_bytes + size_bytes);
  return std::optional<std::string>(std::move(text));
}

std::string frame_of(std::string_view text) {
  std::string frame;
  frame.reserve(header_bytes + text.size());
  append_u32(frame, frame_magic);
  append_u32(frame, static_cast<std::uint32_t>(text.size()));
  frame += text;
  return frame;
}

}  // namespace xover
