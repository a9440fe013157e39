// What the two ends of an SDP connection say to each other: the header that begins every message (BSDH, 16 bytes,
// big-endian), the extensions of some kinds, and a parser for bytes that anybody may have made up.
//
// Field order, kinds and flags are those of the InfiniBand Architecture Specification's annex A4 as its open
// implementations have them; Hello and HelloAck are not among them, since our own greeting (hello.h) goes with the
// connection. A message that was parsed is well formed by itself; whether it may come now is the machine's to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace xover::sdp {

enum class Kind : std::uint8_t {
  disconnect = 0x02,
  abort = 0x03,
  send_small = 0x04,  // SendSm: what was advertised comes back, to be sent by copy
  write_completed = 0x05,
  read_completed = 0x06,
  change_mode = 0x07,
  cancel_source = 0x08,  // SrcAvailCancel: all of them
  cancel_sink = 0x09,    // SinkAvailCancel: all of them
  sink_cancelled = 0x0a,
  change_receive_size = 0x0b,
  receive_size_changed = 0x0c,
  sink_available = 0xfd,
  source_available = 0xfe,
  data = 0xff,  // without payload: news about credits
};

std::string_view to_string(Kind kind);

// How the payload of one half-connection may travel.
enum class Mode : std::uint8_t {
  buffered = 0,   // by copy only
  combined = 1,   // one source advert at a time, which carries the first bytes with it
  pipelined = 2,  // several adverts, of source or sink
};

std::string_view to_string(Mode mode);

// Flags. The first two speak of urgent data, which we neither send nor heed.
inline constexpr std::uint8_t request_pipelined = 4;  // in read_completed: a hint

struct Message {
  Kind kind = Kind::data;
  std::uint8_t flags = 0;
  std::uint16_t buffers = 0;  // posted by who sends this, counted from behind the message `acknowledged`
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  std::uint32_t payload_bytes = 0;  // behind header and extension

  // What the extension of the kind has; 0 elsewhere.
  std::uint32_t bytes = 0;         // *_completed, *_available, *receive_size*
  std::uint32_t key = 0;           // *_available
  std::uint64_t address = 0;       // *_available
  std::uint32_t non_discards = 0;  // sink_available
  Mode mode = Mode::buffered;      // change_mode
  bool send_half = false;          // change_mode: of the half in which its sender sends

  bool operator==(const Message&) const = default;
};

inline constexpr std::size_t header_bytes = 16;
inline constexpr std::size_t most_head_bytes = header_bytes + 20;

std::size_t extension_bytes(Kind kind) noexcept;
inline std::size_t head_bytes(Kind kind) noexcept { return header_bytes + extension_bytes(kind); }

// Writes header and extension, most_head_bytes at most; returns how many. The payload follows them directly.
std::size_t encode(const Message& message, std::byte* to) noexcept;

enum class Malformed : std::uint8_t {
  none,
  too_short,     // no whole header, or no whole extension
  wrong_length,  // says another length than it has
  unknown_kind,
  payload_not_allowed,
  zero_length,      // an advert or a completion of nothing
  reserved_bits,    // flags that the kind cannot have, or bits that must be zero
  address_overflow  // memory that would go beyond the end of the address space
};

std::string_view to_string(Malformed malformed);

// Of one whole message as it was received. `out` is complete when the answer is `none`, unspecified else.
Malformed parse(std::span<const std::byte> bytes, Message& out) noexcept;

}  // namespace xover::sdp
