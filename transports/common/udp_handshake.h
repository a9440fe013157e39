// How two UDP sockets find each other, as UDP has no connections: hello from the connecting socket to the listener,
// welcome from a socket made for this peer, ready back to that socket. Hellos are repeated until a welcome comes, so
// each kind of datagram may arrive more than once, and late, among data: the data path drops what is_handshake() knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace xover {

struct UdpHandshake {
  enum class Kind : std::uint32_t { hello = 1, welcome = 2, ready = 3 };

  static constexpr std::uint64_t magic_value = 0x9d2c'74e1'5b03'a6f8;
  static constexpr std::uint32_t version_value = 1;

  std::uint64_t magic = magic_value;
  std::uint32_t version = version_value;
  Kind kind = Kind::hello;
  std::uint64_t nonce = 0;  // chosen by the connecting side, told apart from every other by it
};
static_assert(sizeof(UdpHandshake) == 24);

// A datagram of `size_bytes` that begins with `begin`, which is shorter when the buffer was.
inline bool is_handshake(std::size_t size_bytes, std::span<const std::byte> begin) noexcept {
  if (size_bytes != sizeof(UdpHandshake) || begin.size() < sizeof(std::uint64_t)) return false;
  std::uint64_t magic;
  std::memcpy(&magic, begin.data(), sizeof magic);
  return magic == UdpHandshake::magic_value;
}

}  // namespace xover
