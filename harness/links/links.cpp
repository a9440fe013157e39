// One row for each link.
#include "harness/links/links.h"

#include <algorithm>
#include <array>

#include "harness/links/link_settings.h"
#include "transports/dpdk/dpdk_links.h"

namespace xover {

namespace {

constexpr bool planned = true;
constexpr bool takes_argument = true;
constexpr bool no_receiver = false;
constexpr bool receiver = true;

constexpr std::array rows{
    LinkDescriptor{"sink", Substrate::same_host_memory, "accepted and discarded inside the process", "nothing",
                   no_receiver},
    LinkDescriptor{"local", Substrate::same_host_memory, "memory of one process, or shared by two of one host",
                   "nothing"},
    // Documentation/networking/msg_zerocopy.rst: looped packets get a deferred copy, so that a receiver who does not
    // read cannot keep the sender's pages.
    LinkDescriptor{"lo", Substrate::soft_device, "the kernel's loopback device",
                   "MSG_ZEROCOPY and io_uring zero-copy sends: all their payload, before it reaches the receiving "
                   "socket; pages of files and pipes pass untouched"},
    LinkDescriptor{.name = "veth",
                   .substrate = Substrate::soft_device,
                   .summary = "two network namespaces joined by a veth pair",
                   .copies_after = "zero-copy sends: all their payload, before it reaches the receiving socket",
                   .made = true,
                   .options = veth_options},
    LinkDescriptor{.name = "veth_dma",
                   .substrate = Substrate::soft_device,
                   .summary = "a veth pair with XDP_PASS on the receiving end: completions as on a NIC",
                   .copies_after = "all payload, by the veth driver in NAPI, where a NIC would use DMA",
                   .made = true,
                   .options = veth_dma_options},
    LinkDescriptor{.name = "ifb",
                   .substrate = Substrate::soft_device,
                   .summary = "an ifb device that takes packets and drops them",
                   .copies_after = "nothing: the device drops the packets",
                   .has_receiver = false,
                   .made = true,
                   .options = ifb_options},
    LinkDescriptor{.name = "wire",
                   .substrate = Substrate::hardware,
                   .summary = "two interfaces of this host that a cable joins, each in a namespace of its own",
                   .copies_after =
                       "nothing: the cards' DMA; emulated cards' host copies all payload, and so does the kernel "
                       "for a card without scatter_gather",
                   .takes_argument = true,
                   .made = true,
                   .options = wire_options},
    LinkDescriptor{.name = "ring",
                   .substrate = Substrate::same_host_memory,
                   .summary = "a pair of DPDK rings in one process",
                   .copies_after = "nothing: pointers change hands",
                   .one_address_space = true,
                   .options = ring_options},
    LinkDescriptor{.name = "memif",
                   .substrate = Substrate::same_host_memory,
                   .summary = "DPDK memif between two processes of one host",
                   .copies_after = "all payload twice, by the memif driver: into the shared memory and out of it",
                   .options = memif_options},
    // Documentation/networking/packet_mmap.rst: a frame that is sent is referenced where it lies in the socket's ring,
    // one that is received is copied into it; the driver copies between rings and mbufs.
    LinkDescriptor{.name = "af_packet",
                   .substrate = Substrate::soft_device,
                   .summary = "DPDK on packet sockets of two kernel interfaces",
                   .copies_after =
                       "all payload three times: by the driver into the sending socket's ring, by the kernel "
                       "into the receiving one's, by the driver out of it",
                   .takes_argument = true},
    LinkDescriptor{.name = "af_xdp",
                   .substrate = Substrate::soft_device,
                   .summary = "DPDK on AF_XDP sockets of two kernel interfaces",
                   .copies_after =
                       "all payload, by the driver into the socket's memory and by the kernel at both ends, "
                       "unless the interfaces' own driver has AF_XDP zero-copy",
                   .takes_argument = true},
    LinkDescriptor{.name = "pci",
                   .substrate = Substrate::hardware,
                   .summary = "two network cards that DPDK drives itself",
                   .copies_after = "nothing: the cards' DMA; emulated cards' host copies all payload",
                   .takes_argument = true,
                   .options = pci_options},
    LinkDescriptor{"simulated", Substrate::simulated, "a simulated RDMA fabric with a virtual clock", "nothing",
                   receiver, planned},
    LinkDescriptor{"verbs", Substrate::hardware, "an RDMA device",
                   "nothing on a card; soft RDMA (rxe, siw) copies all payload in softirq", receiver, planned,
                   takes_argument},
};

}  // namespace

std::span<const LinkDescriptor> links() { return rows; }

const LinkDescriptor* find_link(std::string_view name) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const LinkDescriptor& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace xover
