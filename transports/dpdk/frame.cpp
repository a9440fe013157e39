// Headers as bytes. The two checksums are sums of 16-bit words in ones' complement (RFC 1071), so that a frame's length
// is added to what was summed up once.
#include "transports/dpdk/frame.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace xover {

namespace {

static_assert(std::endian::native == std::endian::little, "FrameHeader goes on the wire as it lies in memory");

constexpr std::size_t ip_at = ethernet_header_bytes;
constexpr std::size_t ip_length_at = ip_at + 2, ip_checksum_at = ip_at + 10, ip_from_at = ip_at + 12;
constexpr std::size_t udp_at = ip_at + 20;
constexpr std::size_t udp_length_at = udp_at + 4, udp_checksum_at = udp_at + 6;
constexpr std::size_t header_at = udp_at + 8;

constexpr std::uint16_t ipv4_ethertype = 0x0800;
constexpr std::uint16_t version_and_length = 0x4500;  // IPv4, a header of five words, no type of service
constexpr std::uint16_t do_not_fragment = 0x4000;
constexpr std::uint16_t time_to_live_and_udp = 64 << 8 | 17;

void put16(std::byte* to, std::uint32_t value) noexcept {
  const std::uint16_t bytes = __builtin_bswap16(static_cast<std::uint16_t>(value));
  std::memcpy(to, &bytes, sizeof bytes);
}

void put32(std::byte* to, std::uint32_t value) noexcept {
  put16(to, value >> 16);
  put16(to + 2, value);
}

std::uint32_t get16(const std::byte* from) noexcept {
  std::uint16_t bytes = 0;
  std::memcpy(&bytes, from, sizeof bytes);
  return __builtin_bswap16(bytes);
}

std::uint32_t words_of(std::uint32_t address) noexcept { return (address >> 16) + (address & 0xffff); }

std::uint32_t folded(std::uint32_t sum) noexcept {
  sum = (sum >> 16) + (sum & 0xffff);
  return (sum >> 16) + (sum & 0xffff);
}

}  // namespace

FrameTemplate::FrameTemplate(const FrameAddress& from, const FrameAddress& to, bool checksums_in_port)
    : checksums_in_port_(checksums_in_port) {
  std::byte* at = headers_.data();
  std::memcpy(at, to.mac.data(), to.mac.size());
  std::memcpy(at + 6, from.mac.data(), from.mac.size());
  put16(at + 12, ipv4_ethertype);
  put16(at + ip_at, version_and_length);
  put16(at + ip_at + 6, do_not_fragment);
  put16(at + ip_at + 8, time_to_live_and_udp);
  put32(at + ip_from_at, from.ipv4);
  put32(at + ip_from_at + 4, to.ipv4);
  put16(at + udp_at, from.udp_port);
  put16(at + udp_at + 2, to.udp_port);
  const std::uint32_t addresses = words_of(from.ipv4) + words_of(to.ipv4);
  ip_sum_ = version_and_length + do_not_fragment + time_to_live_and_udp + addresses;
  pseudo_sum_ = addresses + (time_to_live_and_udp & 0xff);
}

void FrameTemplate::write(std::byte* to, FrameHeader header, std::size_t payload_bytes) const noexcept {
  const auto ip_bytes = static_cast<std::uint32_t>(packet_header_bytes + payload_bytes);
  const std::uint32_t udp_bytes = ip_bytes - 20;
  std::memcpy(to, headers_.data(), headers_.size());
  put16(to + ip_length_at, ip_bytes);
  put16(to + udp_length_at, udp_bytes);
  if (checksums_in_port_) {
    // The port replaces what is here by the checksum of it and what follows (rte_mbuf: RTE_MBUF_F_TX_UDP_CKSUM).
    put16(to + udp_checksum_at, folded(pseudo_sum_ + udp_bytes));
  } else {
    put16(to + ip_checksum_at, ~folded(ip_sum_ + ip_bytes));
  }
  std::memcpy(to + header_at, &header, sizeof header);
}

FrameMatch::FrameMatch(const FrameAddress& from, const FrameAddress& to) {
  std::array<std::byte, all_header_bytes> all;
  FrameTemplate(from, to, false).write(all.data(), {}, 0);
  std::copy_n(all.begin(), headers_.size(), headers_.begin());
}

bool FrameMatch::read(std::span<const std::byte> bytes, FrameHeader& header,
                      std::size_t& payload_bytes) const noexcept {
  if (bytes.size() < all_header_bytes) return false;
  const std::byte* at = bytes.data();
  const std::byte* own = headers_.data();
  // Ethernet and the first two bytes of IP; flags, time to live, protocol; addresses and ports, which are neighbours.
  if (std::memcmp(at, own, ip_length_at) != 0 || std::memcmp(at + ip_at + 6, own + ip_at + 6, 4) != 0 ||
      std::memcmp(at + ip_from_at, own + ip_from_at, 12) != 0) {
    return false;
  }
  const std::uint32_t ip_bytes = get16(at + ip_length_at);
  if (ip_bytes < packet_header_bytes || get16(at + udp_length_at) != ip_bytes - 20) return false;
  std::memcpy(&header, at + header_at, sizeof header);
  payload_bytes = ip_bytes - packet_header_bytes;
  return header.kind == FrameKind::data || header.kind == FrameKind::grant;
}

std::uint32_t connection_of(std::span<const std::byte> bytes) noexcept {
  std::uint32_t connection = 0;
  if (bytes.size() >= all_header_bytes) std::memcpy(&connection, bytes.data() + header_at, sizeof connection);
  return connection;
}

}  // namespace xover
