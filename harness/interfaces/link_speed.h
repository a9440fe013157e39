// How much of a line was used: goodput against the most that fits between the headers and gaps of its frames.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/interfaces/system_tree.h"

namespace xover {

// What an interface is set to.
struct Line {
  std::uint64_t speed_mbps = 0;  // 0: unknown
  std::uint32_t mtu_bytes = 0;   // 0: unknown
};

// What carries the payload: segments of TCP, which fill the MTU, or datagrams of UDP.
enum class Packets : std::uint8_t { segments, datagrams };

// The most payload that this line carries, in bytes a second. `datagram_bytes`: payload of one datagram where they are
// smaller than the MTU allows; 0: they fill it. Nothing where speed or MTU are unknown or leave no room for payload.
std::optional<double> greatest_goodput_bytes_per_second(const Line& line, Packets packets,
                                                        std::uint64_t datagram_bytes = 0);

// The share of that which `payload_bytes` in `took_ns` are, in one direction: 1 is a full line. Nothing where it cannot
// be known.
std::optional<double> utilisation(const Line& line, Packets packets, std::uint64_t payload_bytes, std::int64_t took_ns,
                                  std::uint64_t datagram_bytes = 0);

// From here on the link is the limit, not the transport. The rest to 1 is what a full line still loses: IPv6's longer
// header (1.4 % at MTU 1500), the acknowledgements of data that goes the other way, pause frames, retransmissions, and
// the moments at the start and end of a sample in which the pipe fills and drains.
inline constexpr double saturated_from = 0.92;
// A line that carries more than it can is none: the speed told is not that of the device, as with emulated cards.
inline constexpr double beyond_the_line = 1.05;

constexpr bool is_saturated(std::optional<double> share) {
  return share && *share >= saturated_from && *share <= beyond_the_line;
}

// From sysfs; 0 for what it does not tell. The speed of virtual interfaces counts as unknown, as it is made up (veth:
// 10 Gbit/s always), but for VLANs and bonds, which have that of the cards below.
Line line_of(const std::string& interface, const SystemTree& tree = {});

}  // namespace xover
