// IEEE 802.3: what a frame takes on the line besides what it carries; RFC 791, 768, 9293, 7323: headers within.
#include "harness/interfaces/link_speed.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "harness/measurement/system_file.h"

namespace xover {

namespace {

constexpr std::uint64_t ethernet_bytes = 14 + 4;        // header and check sequence
constexpr std::uint64_t between_frames_bytes = 8 + 12;  // preamble and the least gap
constexpr std::uint64_t least_packet_bytes = 46;        // shorter ones are padded
constexpr std::uint64_t ipv4_bytes = 20, udp_bytes = 8;
constexpr std::uint64_t tcp_bytes = 20 + 12;  // with the timestamps that Linux uses by itself

bool has_real_speed(const std::string& folder) {
  std::error_code none;
  if (std::filesystem::exists(folder + "/device", none)) return true;
  const auto kind = read_field(folder + "/uevent", "DEVTYPE");
  return kind == "vlan" || kind == "bond";
}

}  // namespace

std::optional<double> greatest_goodput_bytes_per_second(const Line& line, Packets packets,
                                                        std::uint64_t datagram_bytes) {
  const std::uint64_t headers_bytes = ipv4_bytes + (packets == Packets::segments ? tcp_bytes : udp_bytes);
  if (line.speed_mbps == 0 || line.mtu_bytes <= headers_bytes) return std::nullopt;
  std::uint64_t payload_bytes = line.mtu_bytes - headers_bytes;
  if (packets == Packets::datagrams && datagram_bytes != 0) payload_bytes = std::min(payload_bytes, datagram_bytes);
  const std::uint64_t packet_bytes = std::max(payload_bytes + headers_bytes, least_packet_bytes);
  const std::uint64_t line_bytes = packet_bytes + ethernet_bytes + between_frames_bytes;
  return static_cast<double>(line.speed_mbps) * 1e6 / 8 * static_cast<double>(payload_bytes) /
         static_cast<double>(line_bytes);
}

std::optional<double> utilisation(const Line& line, Packets packets, std::uint64_t payload_bytes, std::int64_t took_ns,
                                  std::uint64_t datagram_bytes) {
  const auto greatest = greatest_goodput_bytes_per_second(line, packets, datagram_bytes);
  if (!greatest || took_ns <= 0) return std::nullopt;
  return static_cast<double>(payload_bytes) / (static_cast<double>(took_ns) * 1e-9) / *greatest;
}

Line line_of(const std::string& interface, const SystemTree& tree) {
  const auto folder = interface_folder(interface, tree);
  if (!folder) return {};
  Line line;
  line.mtu_bytes = static_cast<std::uint32_t>(read_number(*folder + "/mtu").value_or(0));
  if (has_real_speed(*folder)) line.speed_mbps = read_number(*folder + "/speed").value_or(0);
  return line;
}

}  // namespace xover
