// Big-endian in both directions, and nothing believed that was not looked at.
#include "transports/sdp/message.h"

#include <bit>
#include <concepts>
#include <cstring>

namespace xover::sdp {

namespace {

template <std::unsigned_integral Number>
constexpr Number swapped_on_little(Number number) {
  if constexpr (std::endian::native == std::endian::big || sizeof(Number) == 1) {
    return number;
  } else if constexpr (sizeof(Number) == 2) {
    return __builtin_bswap16(number);
  } else if constexpr (sizeof(Number) == 4) {
    return __builtin_bswap32(number);
  } else {
    return __builtin_bswap64(number);
  }
}

template <std::unsigned_integral Number>
void put(std::byte*& to, Number number) {
  number = swapped_on_little(number);
  std::memcpy(to, &number, sizeof(number));
  to += sizeof(number);
}

template <std::unsigned_integral Number>
Number take(const std::byte*& from) {
  Number number;
  std::memcpy(&number, from, sizeof(number));
  from += sizeof(number);
  return swapped_on_little(number);
}

bool is_known(Kind kind) { return !to_string(kind).empty(); }

constexpr std::uint8_t send_half_bit = 0x80;
constexpr unsigned mode_shift = 4;
constexpr std::uint8_t mode_bits = 0x70;

Malformed take_mode(const std::byte*& from, Message& out) {
  const auto bits = take<std::uint8_t>(from);
  const std::uint8_t mode = (bits & mode_bits) >> mode_shift;
  for (int reserved = 0; reserved < 3; ++reserved) {
    if (take<std::uint8_t>(from) != 0) return Malformed::reserved_bits;
  }
  if ((bits & 0x0f) != 0 || mode > static_cast<std::uint8_t>(Mode::pipelined)) return Malformed::reserved_bits;
  out.mode = static_cast<Mode>(mode);
  out.send_half = (bits & send_half_bit) != 0;
  return Malformed::none;
}

Malformed take_extension(const std::byte* from, Message& out) {
  switch (out.kind) {
    case Kind::write_completed:
    case Kind::read_completed:
    case Kind::change_receive_size:
    case Kind::receive_size_changed:
      out.bytes = take<std::uint32_t>(from);
      return out.bytes == 0 ? Malformed::zero_length : Malformed::none;
    case Kind::change_mode: return take_mode(from, out);
    case Kind::source_available:
    case Kind::sink_available:
      out.bytes = take<std::uint32_t>(from);
      out.key = take<std::uint32_t>(from);
      out.address = take<std::uint64_t>(from);
      if (out.kind == Kind::sink_available) out.non_discards = take<std::uint32_t>(from);
      if (out.bytes == 0) return Malformed::zero_length;
      return out.address + out.bytes < out.address ? Malformed::address_overflow : Malformed::none;
    default: return Malformed::none;
  }
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::disconnect: return "disconnect";
    case Kind::abort: return "abort";
    case Kind::send_small: return "send_small";
    case Kind::write_completed: return "write_completed";
    case Kind::read_completed: return "read_completed";
    case Kind::change_mode: return "change_mode";
    case Kind::cancel_source: return "cancel_source";
    case Kind::cancel_sink: return "cancel_sink";
    case Kind::sink_cancelled: return "sink_cancelled";
    case Kind::change_receive_size: return "change_receive_size";
    case Kind::receive_size_changed: return "receive_size_changed";
    case Kind::sink_available: return "sink_available";
    case Kind::source_available: return "source_available";
    case Kind::data: return "data";
  }
  return {};
}

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::buffered: return "buffered";
    case Mode::combined: return "combined";
    case Mode::pipelined: return "pipelined";
  }
  return {};
}

std::string_view to_string(Malformed malformed) {
  switch (malformed) {
    case Malformed::none: return "well formed";
    case Malformed::too_short: return "too short";
    case Malformed::wrong_length: return "of another length than it says";
    case Malformed::unknown_kind: return "of an unknown kind";
    case Malformed::payload_not_allowed: return "with payload where there is none";
    case Malformed::zero_length: return "about zero bytes";
    case Malformed::reserved_bits: return "with reserved bits set";
    case Malformed::address_overflow: return "about memory beyond the address space";
  }
  return {};
}

std::size_t extension_bytes(Kind kind) noexcept {
  switch (kind) {
    case Kind::write_completed:
    case Kind::read_completed:
    case Kind::change_mode:
    case Kind::change_receive_size:
    case Kind::receive_size_changed: return 4;
    case Kind::source_available: return 16;
    case Kind::sink_available: return 20;
    default: return 0;
  }
}

std::size_t encode(const Message& message, std::byte* to) noexcept {
  const std::size_t head = head_bytes(message.kind);
  put(to, static_cast<std::uint8_t>(message.kind));
  put(to, message.flags);
  put(to, message.buffers);
  put(to, static_cast<std::uint32_t>(head + message.payload_bytes));
  put(to, message.sequence);
  put(to, message.acknowledged);
  switch (message.kind) {
    case Kind::change_mode:
      put(to, static_cast<std::uint8_t>((message.send_half ? send_half_bit : 0) | static_cast<unsigned>(message.mode)
                                                                                      << mode_shift));
      std::memset(to, 0, 3);
      break;
    case Kind::source_available:
    case Kind::sink_available:
      put(to, message.bytes);
      put(to, message.key);
      put(to, message.address);
      if (message.kind == Kind::sink_available) put(to, message.non_discards);
      break;
    default:
      if (head > header_bytes) put(to, message.bytes);
  }
  return head;
}

Malformed parse(std::span<const std::byte> bytes, Message& out) noexcept {
  if (bytes.size() < header_bytes) return Malformed::too_short;
  const std::byte* from = bytes.data();
  out = {};
  out.kind = static_cast<Kind>(take<std::uint8_t>(from));
  out.flags = take<std::uint8_t>(from);
  out.buffers = take<std::uint16_t>(from);
  const auto length = take<std::uint32_t>(from);
  out.sequence = take<std::uint32_t>(from);
  out.acknowledged = take<std::uint32_t>(from);
  if (!is_known(out.kind)) return Malformed::unknown_kind;
  if (length != bytes.size()) return Malformed::wrong_length;
  const std::size_t head = head_bytes(out.kind);
  if (bytes.size() < head) return Malformed::too_short;
  out.payload_bytes = static_cast<std::uint32_t>(bytes.size() - head);
  const unsigned allowed = out.kind == Kind::read_completed ? request_pipelined : 0;
  if ((out.flags & ~allowed) != 0) return Malformed::reserved_bits;
  const bool carries = out.kind == Kind::data || out.kind == Kind::source_available;
  if (out.payload_bytes > 0 && !carries) return Malformed::payload_not_allowed;
  return take_extension(from, out);
}

}  // namespace xover::sdp
