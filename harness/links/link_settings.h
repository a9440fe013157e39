// The options of links that are made, and the constants that their two ends share.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/link.h"
#include "core/options.h"

namespace xover {

// The least that carries IPv6 (RFC 8200, section 5), and the greatest that any of the devices takes.
inline constexpr std::int64_t least_mtu_bytes = 1280, greatest_mtu_bytes = 65535;
inline constexpr std::int64_t greatest_queues = 64;

constexpr OptionSpec mtu_option(std::string_view default_value) {
  return {.name = "mtu",
          .kind = OptionKind::integer,
          .default_value = default_value,
          .least = least_mtu_bytes,
          .greatest = greatest_mtu_bytes,
          .summary = "greatest IP packet, in bytes"};
}

inline constexpr OptionSpec card_mtu_option{.name = "mtu",
                                            .kind = OptionKind::integer,
                                            .default_value = "0",
                                            .least = 0,
                                            .greatest = greatest_mtu_bytes,
                                            .summary = "greatest IP packet, in bytes; 0 leaves it as it is"};

inline constexpr OptionSpec offloads_option{
    .name = "offloads",
    .kind = OptionKind::choice,
    .default_value = "system",
    .choices = "system|off",
    .summary = "off: no segmentation, checksums or scatter-gather by the device, so that every send copies"};

inline constexpr OptionSpec device_queues_option{.name = "queues",
                                                 .kind = OptionKind::integer,
                                                 .default_value = "1",
                                                 .least = 1,
                                                 .greatest = greatest_queues,
                                                 .summary = "queues of the device, each way"};

inline constexpr OptionSpec card_queues_option{.name = "queues",
                                               .kind = OptionKind::integer,
                                               .default_value = "0",
                                               .least = 0,
                                               .greatest = greatest_queues,
                                               .summary = "queues of each card, each way; 0 leaves them as they are"};

inline constexpr std::array veth_options{mtu_option("1500"), offloads_option, device_queues_option};
inline constexpr std::array veth_dma_options{mtu_option("9000"), offloads_option, device_queues_option};
inline constexpr std::array ifb_options{mtu_option("1500"), offloads_option, device_queues_option};
inline constexpr std::array wire_options{card_mtu_option, offloads_option, card_queues_option};

struct LinkSettings {
  std::uint32_t mtu_bytes = 0;  // 0: as the device has it
  std::uint32_t queues = 0;     // each way; 0: as the device has them
  bool offloads = true;         // false: off, as far as the driver lets itself be told
};

LinkSettings link_settings(const Options& options);

// Names inside the link's own namespaces. Interfaces of hardware keep theirs.
inline constexpr const char* sender_interface = "xover0";
inline constexpr const char* receiver_interface = "xover1";

// From the ranges that RFC 2544 and RFC 5180 set aside for benchmarks, so that they are nobody's.
inline constexpr const char* ipv4_prefix = "/24";
inline constexpr const char* ipv6_prefix = "/64";
HostAddresses sender_addresses();
HostAddresses receiver_addresses();

}  // namespace xover
