// What one frame on the wire looks like: Ethernet, IPv4, UDP and xover's own header, then a part of one message.
//
// Frames of a connection are numbered from 0 on, modulo 2^32, those that carry a part of a message alone: the receiver
// finds losses by the gaps. Grants are cumulative, so a lost one is made good by the next: `granted` is the number of
// the first frame that the other end must not send yet. Frames that only grant have no number and need no grant, so
// that two ends whose grants are used up can always tell each other of new ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xover {

enum class FrameKind : std::uint8_t { data = 1, grant = 2 };

// All fields in the byte order of x86, whatever the host's.
struct FrameHeader {
  std::uint32_t connection = 0;  // the same number at both ends, from their meeting
  FrameKind kind = FrameKind::data;
  std::uint8_t last = 0;      // 1: the message ends with this frame
  std::uint16_t part = 0;     // of the message: 0 begins one
  std::uint32_t number = 0;   // data: this frame's
  std::uint32_t granted = 0;  // to whom receives this
};
static_assert(sizeof(FrameHeader) == 16);

inline constexpr std::size_t ethernet_header_bytes = 14;
inline constexpr std::size_t ip_udp_header_bytes = 20 + 8;
inline constexpr std::size_t frame_header_bytes = sizeof(FrameHeader);
inline constexpr std::size_t packet_header_bytes = ip_udp_header_bytes + frame_header_bytes;  // inside the MTU
inline constexpr std::size_t all_header_bytes = ethernet_header_bytes + packet_header_bytes;

// One end of a connection as its frames name it.
struct FrameAddress {
  std::array<std::uint8_t, 6> mac{};
  std::uint32_t ipv4 = 0;      // in host order
  std::uint16_t udp_port = 0;  // in host order

  bool operator==(const FrameAddress&) const = default;
};

// The headers of all frames from one end to the other, made once: per frame only lengths, the checksums and xover's
// header change.
class FrameTemplate {
 public:
  FrameTemplate() = default;
  // `checksums_in_port`: the port fills in both checksums and is given what it starts from; else the IP checksum is
  // computed here and UDP has none, which IPv4 allows (RFC 768).
  FrameTemplate(const FrameAddress& from, const FrameAddress& to, bool checksums_in_port);

  // Writes all_header_bytes in front of `payload_bytes` of payload.
  void write(std::byte* to, FrameHeader header, std::size_t payload_bytes) const noexcept;
  bool checksums_in_port() const noexcept { return checksums_in_port_; }

 private:
  std::array<std::byte, ethernet_header_bytes + ip_udp_header_bytes> headers_{};
  std::uint32_t ip_sum_ = 0;      // of the IP header's words but for the length
  std::uint32_t pseudo_sum_ = 0;  // of UDP's pseudo header but for the length
  bool checksums_in_port_ = false;
};

// Tells the frames from one end to the other from everybody else's.
class FrameMatch {
 public:
  FrameMatch() = default;
  FrameMatch(const FrameAddress& from, const FrameAddress& to);

  // Whether these bytes, which are those of the frame's first mbuf, begin a frame of these ends; then its header, and
  // how many bytes of payload follow, which padding of short frames is not counted in. Short bytes are no frame.
  bool read(std::span<const std::byte> bytes, FrameHeader& header, std::size_t& payload_bytes) const noexcept;

 private:
  std::array<std::byte, ethernet_header_bytes + ip_udp_header_bytes> headers_{};
};

// Which connection a frame claims to belong to, unchecked; 0 for what is too short to be one.
std::uint32_t connection_of(std::span<const std::byte> bytes) noexcept;

}  // namespace xover
