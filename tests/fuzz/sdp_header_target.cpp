// The parser of SDP's header by itself: one input is one message as it was received. Whatever is taken for a message
// has its payload inside its bytes, and is the same bytes when it is written again. What follows from messages is tried
// by sdp_message_target.cpp.
#include <algorithm>
#include <array>

#include "tests/fuzz/fuzz_target.h"
#include "transports/sdp/message.h"

using namespace xover;
using namespace xover::sdp;

namespace {

constexpr std::byte untouched{0xa5};

bool has_length(Kind kind) { return extension_bytes(kind) > 0 && kind != Kind::change_mode; }

void require_as_said(const Message& message) {
  const bool carries = message.kind == Kind::data || message.kind == Kind::source_available;
  fuzz::require(!to_string(message.kind).empty() && !to_string(message.mode).empty(), "kind and mode have names");
  fuzz::require(carries || message.payload_bytes == 0, "only data and source adverts carry payload");
  fuzz::require(has_length(message.kind) == (message.bytes != 0), "what speaks of bytes speaks of some");
  fuzz::require(message.address <= UINT64_MAX - message.bytes, "an advert ends inside the address space");
}

void require_same_bytes(const Message& message, std::span<const std::byte> bytes) {
  std::array<std::byte, most_head_bytes> again;
  again.fill(untouched);
  const auto end = again.begin() + static_cast<std::ptrdiff_t>(encode(message, again.data()));
  const auto [written, read] = std::mismatch(again.begin(), end, bytes.begin(), bytes.end());
  fuzz::require(written == end, "a message that is written again has the same bytes");
  fuzz::require(static_cast<std::size_t>(bytes.end() - read) == message.payload_bytes,
                "the payload is what lies behind the head, all of it");
  fuzz::require(std::all_of(end, again.end(), [](std::byte byte) { return byte == untouched; }),
                "no more is written than the head");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size_bytes);
  Message message;
  const Malformed malformed = parse(bytes, message);
  fuzz::require(!to_string(malformed).empty(), "every verdict has words");
  if (malformed != Malformed::none) return 0;
  require_as_said(message);
  require_same_bytes(message, bytes);
  return 0;
}
