// The row of rsockets: what it is, what can be set, whether it runs here.
#include "transports/rsocket/rsocket.h"

#include <array>

#include "transports/common/option_tables.h"
#include "transports/common/slowdown.h"
#include "transports/common/socket_links.h"
#include "transports/rsocket/rsocket_open.h"

namespace xover {

namespace {

constexpr std::array<std::string_view, 1> links{"verbs"};

constexpr auto options = joined(
    std::array{
        OptionSpec{"send_buffer", OptionKind::size, "0", "", 0, INT32_MAX, "SO_SNDBUF; 0 leaves librdmacm's default"},
        OptionSpec{"receive_buffer", OptionKind::size, "0", "", 0, INT32_MAX,
                   "SO_RCVBUF; 0 leaves librdmacm's default"},
    },
    std::array{slowdown_option});

Availability probe(const Link& link) {
  if (auto there = availability_on(links, link); !there.usable()) return there;
  return probe_rsocket(link);
}

Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  if (auto known = require_link(links, parameters.link, "rsocket"); !known) return tl::make_unexpected(known.error());
  return open_rsocket(parameters);
}

constexpr std::string_view way =
    "rsend() copies the fields of a message into the socket's registered send buffer: the sender's copy.\n"
    "RDMA Writes with immediate, of 2 KiB doubling to 64 KiB, take them into the peer's registered receive buffer: by\n"
    "the cards' DMA; a soft device (rxe, siw) copies in softirq.\n"
    "rrecv() copies them into the receiver's buffer: the receiver's copy.\n"
    "The sender's memory is free again when rsend() returns. There is no way past the copies below this interface.";

constexpr std::array rows{
    Descriptor{.id = "rsocket",
               .family = "rsocket",
               .path = Path::bypass,
               .summary = "librdmacm's rsockets: a stream over RDMA Writes, copied at both ends",
               .way_of_a_byte = way,
               .options = options,
               .links = links,
               .probe = probe,
               .open = open},
};

}  // namespace

std::span<const Descriptor> rsocket_transports() { return rows; }

}  // namespace xover
