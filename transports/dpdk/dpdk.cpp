// The rows of the DPDK transports: what they are, what can be set, whether they run here.
#include "transports/dpdk/dpdk.h"

#include <array>

#include "transports/common/option_tables.h"
#include "transports/common/registration/registration_options.h"
#include "transports/common/socket_links.h"
#include "transports/dpdk/dpdk_links.h"
#include "transports/dpdk/dpdk_way.h"

namespace xover {

namespace {

constexpr std::array common_options{
    OptionSpec{"burst", OptionKind::integer, "32", "", 1, 256,
               "frames given to a port, or taken from one, in one call"},
    OptionSpec{"credits", OptionKind::integer, "512", "", 8, 1024,
               "frames that the peer may have on their way without word from here"},
    OptionSpec{"pool", OptionKind::integer, "0", "", 0, 1 << 20,
               "mbufs for frames that are sent, at least 64; 0: as many as are needed"},
};

// DPDK has room for about a hundred foreign ranges in a process.
constexpr auto extbuf_options = joined(common_options, registration_options("64", 96));

template <DpdkWay way>
Availability probe(const Link& link) {
  if (auto there = availability_on(dpdk_links, link); !there.usable()) return there;
  return probe_dpdk(way, link);
}

template <DpdkWay way>
Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  if (auto known = require_link(dpdk_links, parameters.link, "dpdk"); !known) return tl::make_unexpected(known.error());
  return open_dpdk(parameters, way);
}

constexpr std::string_view way_of_copy =
    "xover cuts the message to the MTU and copies it into mbufs, behind headers of Ethernet, IPv4 and UDP: the one "
    "copy\n"
    "in user space, after which the sender's memory is free again. A burst gives the frames to the port.\n"
    "ring: the receiver takes the same mbufs out of a ring: nobody copies again. memif: the driver copies into memory\n"
    "that both processes share, and out of it on the other end. af_packet and af_xdp: the driver copies the frame for\n"
    "the kernel, which passes it on, and the driver of the other end copies it out again. pci: the card's DMA reads\n"
    "the mbuf, and on the other end writes one.\n"
    "The receiving application is lent the payload where it lies, and the mbuf goes back when the lease ends.";
constexpr std::string_view way_of_mbuf =
    "The arena is made of mbufs: the application writes its fields where frames are sent from, one field to a buffer.\n"
    "Headers of Ethernet, IPv4 and UDP go in front of the first, the others are chained behind it, and a burst gives\n"
    "the frame to the port together with a reference to each mbuf. No copy in user space.\n"
    "ring: the receiver reads the sender's own memory: nobody copies. memif: the driver copies into memory that both\n"
    "processes share, and out of it on the other end. af_packet and af_xdp: the driver copies the frame for the\n"
    "kernel, which passes it on, and the driver of the other end copies it out again. pci: the card's DMA reads the\n"
    "mbufs, and on the other end writes others.\n"
    "The receiving application is lent the payload where it lies. The sender's memory is free again when the count of\n"
    "references is back to one. A port that gathers nothing takes one field to a frame, and the headers overwrite "
    "what\n"
    "stands before it in its buffer.";
constexpr std::string_view way_of_extbuf =
    "The application's own memory is registered with DPDK, once, and mapped for a card's DMA. Mbufs are attached to "
    "it\n"
    "piece by piece, behind an mbuf with the headers of Ethernet, IPv4 and UDP, and a burst gives the frame to the\n"
    "port. No copy in user space.\n"
    "ring: the receiver reads the sender's own memory: nobody copies. memif: the driver copies into memory that both\n"
    "processes share, and out of it on the other end. af_packet: the driver copies the frame for the kernel, which\n"
    "passes it on, and the driver of the other end copies it out again. af_xdp takes no frame of several mbufs.\n"
    "pci: the card's DMA reads the memory, and on the other end writes mbufs.\n"
    "The receiving application is lent the payload where it lies. Whoever frees the last mbuf of the message runs a\n"
    "callback, on the receiver's thread on a ring, which tells the sender that its memory is free again.";

template <DpdkWay way>
constexpr Descriptor row(std::string_view id, std::string_view summary, std::string_view way_of_a_byte,
                         std::span<const OptionSpec> options) {
  return {.id = id,
          .family = "dpdk",
          .path = Path::bypass,
          .summary = summary,
          .way_of_a_byte = way_of_a_byte,
          .options = options,
          .links = dpdk_links,
          .probe = probe<way>,
          .open = open<way>};
}

constexpr std::array rows{
    row<DpdkWay::copy>("dpdk.copy", "DPDK: copied into mbufs, then a burst", way_of_copy, common_options),
    row<DpdkWay::mbuf>("dpdk.mbuf", "DPDK: messages built in mbufs", way_of_mbuf, common_options),
    row<DpdkWay::extbuf>("dpdk.extbuf", "DPDK: the application's own memory attached to mbufs", way_of_extbuf,
                         extbuf_options),
};

}  // namespace

std::span<const Descriptor> dpdk_transports() { return rows; }

}  // namespace xover
