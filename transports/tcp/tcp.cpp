// The rows of the TCP transports: what they are, what can be set, whether they run here.
#include "transports/tcp/tcp.h"

#include <sys/socket.h>

#include <array>
#include <memory>

#include "transports/common/option_tables.h"
#include "transports/common/slowdown.h"
#include "transports/common/socket_links.h"
#include "transports/common/sockets.h"
#include "transports/tcp/tcp_session.h"

namespace xover {

namespace {

constexpr auto options = joined(tcp_options, std::array{slowdown_option});

template <TcpPath path>
Availability probe(const Link& link) {
  if (auto there = availability_on(connected_links, link); !there.usable()) return there;
  const auto socket = make_socket(IpVersion::v4, SOCK_STREAM);
  if (!socket) return {Status::not_permitted, socket.error().message(), "run where TCP sockets may be made"};
  if constexpr (path != TcpPath::zerocopy) return {};
  return availability_of_option(socket->get(), SOL_SOCKET, SO_ZEROCOPY, "SO_ZEROCOPY", "Linux 4.14 or newer");
}

template <TcpPath path>
Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  if (auto known = require_link(connected_links, parameters.link, "tcp"); !known)
    return tl::make_unexpected(known.error());
  if (auto there = require_receiver(parameters, "tcp"); !there) return tl::make_unexpected(there.error());
  auto session = std::make_unique<TcpSession>(parameters, path);
  if (auto done = session->try_out(); !done) return tl::make_unexpected(done.error());
  return session;
}

constexpr std::string_view way_of_send =
    "The fields of a message are serialised into one buffer by the sender: the first copy (none with one field).\n"
    "send() copies the buffer into socket buffers: the second copy, by the sender's CPU.\n"
    "lo and veth hand the same socket buffers to the receiving TCP: no copy. The driver of veth_dma copies them on "
    "the\n"
    "receiving end, where a network card would use DMA.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU.\n"
    "The sender's memory is free again when send() returns.";
constexpr std::string_view way_of_sendmsg =
    "sendmsg() gathers the fields of a message straight into socket buffers: the one copy of the sender.\n"
    "lo and veth hand the same socket buffers to the receiving TCP: no copy. The driver of veth_dma copies them on "
    "the\n"
    "receiving end, where a network card would use DMA.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU.\n"
    "The sender's memory is free again when sendmsg() returns.";
constexpr std::string_view way_of_zerocopy =
    "sendmsg() with MSG_ZEROCOPY pins the pages of the fields and puts references to them into socket buffers.\n"
    "A network card reads those pages itself: nobody copies. lo and veth lead to a reader who could keep them, so the\n"
    "kernel copies them first and says so (COPIED). On veth_dma it lends them as to a card, and the driver copies\n"
    "on the receiving end, where a card would use DMA.\n"
    "recv() copies into the receiver's buffer, by the receiver's CPU.\n"
    "The sender's memory is free again when a notification comes by the socket's error queue, which on a network\n"
    "is after the peer's acknowledgement.";

constexpr Descriptor row(std::string_view id, std::string_view summary, std::string_view way_of_a_byte) {
  return {.id = id,
          .family = "tcp",
          .summary = summary,
          .way_of_a_byte = way_of_a_byte,
          .options = options,
          .links = connected_links};
}

template <TcpPath path>
constexpr Descriptor with_path(Descriptor descriptor) {
  descriptor.probe = probe<path>;
  descriptor.open = open<path>;
  return descriptor;
}

constexpr std::array rows{
    with_path<TcpPath::send>(row("tcp.send", "fields serialised into one buffer, then send: two copies", way_of_send)),
    with_path<TcpPath::sendmsg>(row("tcp.sendmsg", "fields gathered by sendmsg: one copy", way_of_sendmsg)),
    with_path<TcpPath::zerocopy>(
        row("tcp.zerocopy", "sendmsg with MSG_ZEROCOPY: pages lent to the kernel", way_of_zerocopy)),
};

}  // namespace

std::span<const Descriptor> tcp_transports() { return rows; }

}  // namespace xover
