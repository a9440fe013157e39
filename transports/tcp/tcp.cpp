// The rows of the TCP transports: what they are, what can be set, whether they run here.
#include "transports/tcp/tcp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "transports/common/sockets.h"
#include "transports/tcp/tcp_session.h"

namespace xover {

namespace {

constexpr std::array options{
    OptionSpec{"ip", OptionKind::choice, "4", "4|6", 0, 0, "IP version"},
    OptionSpec{"congestion_control", OptionKind::choice, "system", "system|cubic|reno|bbr", 0, 0,
               "TCP congestion control; system leaves the kernel's default"},
    OptionSpec{"nodelay", OptionKind::boolean, "off", "", 0, 1, "send small messages at once (TCP_NODELAY)"},
    OptionSpec{"send_buffer", OptionKind::size, "0", "", 0, INT32_MAX, "SO_SNDBUF; 0 leaves it to the kernel's tuning"},
    OptionSpec{"receive_buffer", OptionKind::size, "0", "", 0, INT32_MAX,
               "SO_RCVBUF; 0 leaves it to the kernel's tuning"},
    OptionSpec{"slowdown_percent", OptionKind::integer, "0", "", 0, 90,
               "stretches every send by this much, to show what the instrument can see"},
};

constexpr std::array<std::string_view, 1> links{"lo"};

template <TcpPath path>
Availability probe(const Link& link) {
  if (auto known = socket_link_availability(link); !known.usable()) return known;
  const auto socket = make_socket(IpVersion::v4, SOCK_STREAM);
  if (!socket) return {Status::not_permitted, socket.error().message(), "run where TCP sockets may be made"};
  if constexpr (path != TcpPath::zerocopy) return {};
  return availability_of_option(socket->get(), SOL_SOCKET, SO_ZEROCOPY, "SO_ZEROCOPY", "Linux 4.14 or newer");
}

template <TcpPath path>
Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  if (auto known = require_socket_link(parameters.link, "tcp"); !known) return tl::make_unexpected(known.error());
  auto session = std::make_unique<TcpSession>(parameters, path);
  // What the kernel refuses is said here, not when the first peer comes.
  const auto trial = make_socket(ip_version(parameters.options), SOCK_STREAM);
  if (!trial) return tl::make_unexpected(trial.error());
  if (auto done = session->configure(trial->get()); !done) return tl::make_unexpected(done.error());
  return session;
}

constexpr std::string_view way_of_send =
    "The fields of a message are serialised into one buffer by the sender: the first copy (none with one field).\n"
    "send() copies the buffer into socket buffers: the second copy, by the sender's CPU.\n"
    "The loopback device hands the same socket buffers to the receiving TCP: no copy.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU.\n"
    "The sender's memory is free again when send() returns.";
constexpr std::string_view way_of_sendmsg =
    "sendmsg() gathers the fields of a message straight into socket buffers: the one copy of the sender.\n"
    "The loopback device hands the same socket buffers to the receiving TCP: no copy.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU.\n"
    "The sender's memory is free again when sendmsg() returns.";
constexpr std::string_view way_of_zerocopy =
    "sendmsg() with MSG_ZEROCOPY pins the pages of the fields and puts references to them into socket buffers.\n"
    "A network card reads those pages itself: nobody copies. The loopback device may not keep them waiting for a\n"
    "reader, so the kernel copies them after all and says so (COPIED).\n"
    "recv() copies into the receiver's buffer, by the receiver's CPU.\n"
    "The sender's memory is free again when a notification comes by the socket's error queue, which on a network\n"
    "is after the peer's acknowledgement.";

constexpr Descriptor row(std::string_view id, std::string_view summary, std::string_view way_of_a_byte) {
  return {.id = id,
          .family = "tcp",
          .summary = summary,
          .way_of_a_byte = way_of_a_byte,
          .options = options,
          .links = links};
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
