// The links that sockets run on. Whoever opens a session has made the link and is inside of it: its thread's network
// namespace has OpenParameters::own, and reaches `peer`.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "core/transport.h"

namespace xover {

// With another end that answers.
inline constexpr std::array<std::string_view, 5> connected_links{"lo", "veth", "veth_dma", "wire", "net"};
// Datagrams also go where nobody answers.
inline constexpr std::array<std::string_view, 6> datagram_links{"lo", "veth", "veth_dma", "wire", "ifb", "net"};

// Refuses links that are not among these.
Result<void> require_link(std::span<const std::string_view> links, const Link& link, std::string_view id);
Availability availability_on(std::span<const std::string_view> links, const Link& link);

// Refuses links without receiver: for what begins with a connection.
Result<void> require_receiver(const OpenParameters& parameters, std::string_view id);

}  // namespace xover
