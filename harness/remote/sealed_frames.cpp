// Sealing texts, and taking out those whose seal holds.
#include "harness/remote/sealed_frames.h"

#include <cassert>
#include <utility>

#include <fmt/format.h>

#include "harness/remote/hmac.h"
#include "harness/remote/little_endian.h"

namespace xover {

namespace {

Tag seal_of(const Key& key, std::uint64_t sequence, std::string_view length, std::string_view text) {
  std::string number;
  append_little_endian(number, sequence);
  return hmac_sha256(key, {number, length, text});
}

}  // namespace

std::string SealedWriter::seal(std::string_view text) {
  assert(text.size() <= max_sealed_text_bytes);
  std::string frame;
  frame.reserve(sealed_header_bytes + text.size() + tag_bytes);
  append_little_endian(frame, sealed_frame_magic);
  append_little_endian(frame, static_cast<std::uint32_t>(text.size()));
  const Tag tag = seal_of(key_, sequence_++, std::string_view(frame).substr(4), text);
  frame += text;
  frame += view_of(tag);
  return frame;
}

void SealedParser::feed(std::string_view bytes) {
  if (!error_) buffer_ += bytes;
}

Result<std::optional<std::string>> SealedParser::next() {
  if (error_) return tl::make_unexpected(*error_);
  if (buffer_.size() < sealed_header_bytes) return std::optional<std::string>();
  const std::string_view frame = buffer_;
  if (read_u32(frame) != sealed_frame_magic) return fail("these bytes begin no frame of xover's remote protocol");
  const std::size_t text_bytes = read_u32(frame.substr(4));
  if (text_bytes > max_text_bytes_)
    return fail(fmt::format("a frame of {} bytes; at most {} are allowed here", text_bytes, max_text_bytes_));
  const std::size_t sealed_bytes = sealed_header_bytes + text_bytes;
  if (frame.size() < sealed_bytes + tag_bytes) return std::optional<std::string>();
  const std::string_view text = frame.substr(sealed_header_bytes, text_bytes);
  if (!is_tag(seal_of(key_, sequence_, frame.substr(4, 4), text), frame.substr(sealed_bytes, tag_bytes)))
    return fail(
        fmt::format("frame {} is not what the far side sealed: altered, repeated, left out or out of order", sequence_),
        "someone or something between the two hosts changes what they say; look at what is on the way");
  std::optional<std::string> whole(text);
  buffer_.erase(0, sealed_bytes + tag_bytes);
  ++sequence_;
  return whole;
}

Result<void> SealedParser::end_of_stream() const {
  if (error_) return tl::make_unexpected(*error_);
  if (buffer_.empty()) return {};
  return make_error(
      ErrorCode::peer_died, "read sealed frame",
      fmt::format("the connection ended inside frame {}: {} bytes of it had come", sequence_, buffer_.size()));
}

std::string SealedParser::take_unparsed() { return std::exchange(buffer_, {}); }

tl::unexpected<Error> SealedParser::fail(std::string context, std::string remedy) {
  error_ = Error{ErrorCode::bad_input, 0, "read sealed frame", std::move(context), std::move(remedy)};
  buffer_ = {};
  return tl::make_unexpected(*error_);
}

}  // namespace xover
