// The rows of the UDP transports: what they are, what can be set, whether they run here.
#include "transports/udp/udp.h"

#include <sys/socket.h>

#include <array>
#include <memory>

#include "transports/common/option_tables.h"
#include "transports/common/slowdown.h"
#include "transports/common/socket_links.h"
#include "transports/common/sockets.h"
#include "transports/udp/udp_session.h"

namespace xover {

namespace {

constexpr auto options = joined(udp_options, std::array{slowdown_option});

template <bool zerocopy>
Availability probe(const Link& link) {
  if (auto there = availability_on(datagram_links, link); !there.usable()) return there;
  const auto socket = make_socket(IpVersion::v4, SOCK_DGRAM);
  if (!socket) return {Status::not_permitted, socket.error().message(), "run where UDP sockets may be made"};
  if constexpr (!zerocopy) return {};
  return availability_of_option(socket->get(), SOL_SOCKET, SO_ZEROCOPY, "SO_ZEROCOPY", "Linux 5.0 or newer");
}

template <bool zerocopy>
Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  if (auto known = require_link(datagram_links, parameters.link, "udp"); !known)
    return tl::make_unexpected(known.error());
  auto session = std::make_unique<UdpSession>(parameters, zerocopy);
  if (auto done = session->try_out(); !done) return tl::make_unexpected(done.error());
  return session;
}

constexpr std::string_view way_of_send =
    "sendmsg() gathers the fields of a message into one datagram in socket buffers: the one copy of the sender.\n"
    "lo and veth queue the same socket buffers at the receiving socket, and drop them when its buffer is full. The\n"
    "driver of veth_dma copies them first, where a network card would use DMA. ifb drops them all: nobody receives.\n"
    "recv() copies the datagram into the receiver's buffer, by the receiver's CPU.\n"
    "The sender's memory is free again when sendmsg() returns.";
constexpr std::string_view way_of_zerocopy =
    "sendmsg() with MSG_ZEROCOPY pins the pages of the fields and lends them to the kernel for one datagram.\n"
    "A network card reads those pages itself: nobody copies. lo and veth lead to a reader who could keep them, so the\n"
    "kernel copies them first and says so (COPIED). On veth_dma it lends them as to a card, and the driver copies on\n"
    "the receiving end, where a card would use DMA. ifb drops them unread: nobody copies, nobody receives.\n"
    "A datagram longer than the device's mtu is copied everywhere; with gso a train of shorter ones is not.\n"
    "recv() copies the datagram into the receiver's buffer, by the receiver's CPU.\n"
    "The sender's memory is free again when a notification comes by the socket's error queue.";

constexpr Descriptor row(std::string_view id, std::string_view summary, std::string_view way_of_a_byte) {
  return {.id = id,
          .family = "udp",
          .summary = summary,
          .way_of_a_byte = way_of_a_byte,
          .options = options,
          .links = datagram_links};
}

template <bool zerocopy>
constexpr Descriptor with_path(Descriptor descriptor) {
  descriptor.probe = probe<zerocopy>;
  descriptor.open = open<zerocopy>;
  return descriptor;
}

constexpr std::array rows{
    with_path<false>(row("udp.send", "datagrams by copy", way_of_send)),
    with_path<true>(row("udp.zerocopy", "datagrams with MSG_ZEROCOPY: pages lent to the kernel", way_of_zerocopy)),
};

}  // namespace

std::span<const Descriptor> udp_transports() { return rows; }

}  // namespace xover
