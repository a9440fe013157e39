// One row for each link.
#include "harness/links/links.h"

#include <algorithm>
#include <array>

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
    LinkDescriptor{"veth", Substrate::soft_device, "two network namespaces joined by a veth pair",
                   "zero-copy sends: all their payload, before it reaches the receiving socket", receiver, planned},
    LinkDescriptor{"veth_dma", Substrate::soft_device,
                   "a veth pair with XDP_PASS on the receiving end: completions as on a NIC",
                   "all payload, by the veth driver in NAPI, where a NIC would use DMA", receiver, planned},
    LinkDescriptor{"ifb", Substrate::soft_device, "an ifb device that takes packets and drops them", "nothing",
                   no_receiver, planned},
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
