// The rows of the io_uring transports: what they are, what can be set, whether they run here.
#include "transports/uring/uring.h"

#include <array>
#include <memory>

#include "transports/common/option_tables.h"
#include "transports/common/registration/registration_options.h"
#include "transports/common/slowdown.h"
#include "transports/common/socket_links.h"
#include "transports/common/sockets.h"
#include "transports/common/tcp_sockets.h"
#include "transports/common/udp_sockets.h"
#include "transports/uring/uring_path.h"

namespace xover {

namespace {

constexpr std::array ring_options{
    OptionSpec{"protocol", OptionKind::choice, "tcp", "tcp|udp", 0, 0, "what the sockets speak"},
    OptionSpec{"sqpoll", OptionKind::boolean, "off", "", 0, 1,
               "a thread of the kernel takes the submissions (IORING_SETUP_SQPOLL); needs four cores"},
    OptionSpec{"ops_per_enter", OptionKind::integer, "32", "", 1, 256, "ops given to the kernel in one call at most"},
    OptionSpec{"receive", OptionKind::choice, "posted", "posted|multishot", 0, 0,
               "into buffers of the caller, or multishot into a ring of provided buffers, which are lent out"},
    OptionSpec{"provided_buffers", OptionKind::integer, "64", "", 1, 32768,
               "buffers of a session for receive=multishot; rounded up to a power of two"},
    OptionSpec{"provided_buffer_bytes", OptionKind::size, "64K", "", 64, 1 << 30, "size of each"},
    OptionSpec{"cq_entries", OptionKind::integer, "0", "", 0, 65536,
               "size of the completion queue; 0: room for all that may be in flight"},
};

// Of the UDP options those that TCP does not have.
constexpr std::array datagram_options{
    OptionSpec{"gso", OptionKind::size, "0", "", 0, 65507,
               "with protocol=udp: the kernel cuts each op into datagrams of this size (UDP_SEGMENT)"},
    OptionSpec{"gro", OptionKind::boolean, "off", "", 0, 1,
               "with protocol=udp: the kernel joins received datagrams (UDP_GRO)"},
};

constexpr std::array zerocopy_options{
    OptionSpec{"report_usage", OptionKind::boolean, "on", "", 0, 1,
               "the kernel says whether it copied (IORING_SEND_ZC_REPORT_USAGE); off: nobody knows"},
};

constexpr auto cache_options = registration_options("1024", 16000);
constexpr auto common_options = joined(tcp_options, datagram_options, ring_options, std::array{slowdown_option});
constexpr auto fixed_options = joined(common_options, cache_options);
constexpr auto zc_options = joined(common_options, zerocopy_options);
constexpr auto zc_fixed_options = joined(common_options, zerocopy_options, cache_options);

template <UringPath path>
Availability probe(const Link& link) {
  if (auto there = availability_on(datagram_links, link); !there.usable()) return there;
  return probe_uring(path);
}

template <UringPath path>
Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  if (auto known = require_link(datagram_links, parameters.link, "uring"); !known)
    return tl::make_unexpected(known.error());
  return open_uring(parameters, path);
}

constexpr std::string_view way_of_send =
    "An entry in the submission queue names the fields of a message; io_uring_enter() takes a chain of such entries.\n"
    "The kernel copies the fields into socket buffers: the one copy of the sender.\n"
    "lo and veth hand the same socket buffers to the receiving socket: no copy. The driver of veth_dma copies them on\n"
    "the receiving end, where a network card would use DMA. ifb drops datagrams: nobody receives.\n"
    "A receive entry has the kernel copy them into a buffer, by the receiver's CPU.\n"
    "The sender's memory is free again with the completion entry.";
constexpr std::string_view way_of_write_fixed =
    "The memory was registered with the ring, so the kernel holds its pages and looks none up for the write.\n"
    "It copies from them into socket buffers all the same: the one copy of the sender.\n"
    "lo and veth hand the same socket buffers to the receiving socket: no copy. The driver of veth_dma copies them on\n"
    "the receiving end, where a network card would use DMA. ifb drops datagrams: nobody receives.\n"
    "A receive entry has the kernel copy them into a buffer, by the receiver's CPU.\n"
    "The sender's memory is free again with the completion entry.";
constexpr std::string_view way_of_send_zc =
    "A zero-copy send entry has the kernel pin the pages of the fields and put references to them into socket "
    "buffers.\n"
    "A network card reads those pages itself: nobody copies. lo and veth lead to a reader who could keep them, so the\n"
    "kernel copies them first and says so in the notification. On veth_dma it lends them as to a card, and the driver\n"
    "copies on the receiving end, where a card would use DMA. ifb drops datagrams unread: nobody copies or receives.\n"
    "A receive entry has the kernel copy into a buffer, by the receiver's CPU.\n"
    "The first completion entry says that the bytes were taken, the second, the notification, that the memory is\n"
    "free again: on a network that is after the peer's acknowledgement.";
constexpr std::string_view way_of_send_zc_fixed =
    "The memory was registered with the ring, so its pages are pinned already, once, and not for each send.\n"
    "A zero-copy send entry puts references to them into socket buffers.\n"
    "A network card reads those pages itself: nobody copies. lo and veth lead to a reader who could keep them, so the\n"
    "kernel copies them first and says so in the notification. On veth_dma it lends them as to a card, and the driver\n"
    "copies on the receiving end, where a card would use DMA. ifb drops datagrams unread: nobody copies or receives.\n"
    "A receive entry has the kernel copy into a buffer, by the receiver's CPU.\n"
    "The first completion entry says that the bytes were taken, the second, the notification, that the memory is\n"
    "free again: on a network that is after the peer's acknowledgement.";

template <UringPath path>
constexpr Descriptor row(std::string_view id, std::string_view summary, std::string_view way_of_a_byte,
                         std::span<const OptionSpec> options) {
  return {.id = id,
          .family = "uring",
          .summary = summary,
          .way_of_a_byte = way_of_a_byte,
          .options = options,
          .links = datagram_links,
          .probe = probe<path>,
          .open = open<path>};
}

constexpr std::array rows{
    row<UringPath::send>("uring.send", "io_uring send from ordinary memory", way_of_send, common_options),
    row<UringPath::write_fixed>("uring.write_fixed", "io_uring write from registered memory", way_of_write_fixed,
                                fixed_options),
    row<UringPath::send_zc>("uring.send_zc", "io_uring zero-copy send from ordinary memory", way_of_send_zc,
                            zc_options),
    row<UringPath::send_zc_fixed>("uring.send_zc_fixed", "io_uring zero-copy send from registered memory",
                                  way_of_send_zc_fixed, zc_fixed_options),
};

}  // namespace

std::span<const Descriptor> uring_transports() { return rows; }

}  // namespace xover
