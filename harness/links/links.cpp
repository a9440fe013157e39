// One row for each link.
#include "harness/links/links.h"

#include <algorithm>
#include <array>

#include "harness/links/link_settings.h"

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
    LinkDescriptor{"ring", Substrate::same_host_memory, "a DPDK ring in one process", "nothing: pointers change hands",
                   receiver, planned},
    LinkDescriptor{"memif", Substrate::same_host_memory, "DPDK memif between two processes of one host",
                   "all payload, by the memif driver, unless its zero-copy mode is on", receiver, planned},
    LinkDescriptor{"af_packet", Substrate::soft_device, "DPDK on a packet socket of a kernel interface",
                   "all payload, by the kernel's packet socket", receiver, planned, takes_argument},
    LinkDescriptor{"af_xdp", Substrate::soft_device, "DPDK on an AF_XDP socket of a kernel interface",
                   "all payload, by the kernel, unless the driver has AF_XDP zero-copy", receiver, planned,
                   takes_argument},
    LinkDescriptor{"pci", Substrate::hardware, "DPDK on a network card that it drives itself",
                   "nothing: the card's DMA", receiver, planned, takes_argument},
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
