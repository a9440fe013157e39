// One row for each link.
#include "harness/links/links.h"

#include <algorithm>
#include <array>

#include "harness/links/link_settings.h"
#include "transports/dpdk/dpdk_links.h"
#include "transports/rdma/rdma_links.h"

namespace xover {

namespace {

constexpr bool no_receiver = false;
constexpr std::string_view two_devices = "A+B";

constexpr std::array rows{
    LinkDescriptor{"sink", Substrate::same_host_memory, "accepted and discarded inside the process", "nothing",
                   no_receiver},
    LinkDescriptor{.name = "local",
                   .substrate = Substrate::same_host_memory,
                   .summary = "memory of one process, or shared by two of one host",
                   .copies_after =
                       "RDMA: all payload once, by the end that posts the work, where a card would use DMA; inproc: "
                       "nothing",
                   .options = local_options},
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
                   .argument_form = two_devices,
                   .made = true,
                   .options = wire_options},
    LinkDescriptor{.name = "net",
                   .substrate = Substrate::hardware,
                   .summary = "the network between this host and the one of --peer; A here, B there",
                   .copies_after =
                       "nothing: the cards' DMA; emulated cards' host copies all payload, and so does the kernel "
                       "for a card without scatter_gather",
                   .argument_form = two_devices,
                   .argument_optional = true,
                   .two_hosts = true,
                   .needs_peer = true},
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
                   .argument_form = two_devices,
                   .two_hosts = true},
    LinkDescriptor{.name = "af_xdp",
                   .substrate = Substrate::soft_device,
                   .summary = "DPDK on AF_XDP sockets of two kernel interfaces",
                   .copies_after =
                       "all payload, by the driver into the socket's memory and by the kernel at both ends, "
                       "unless the interfaces' own driver has AF_XDP zero-copy",
                   .argument_form = two_devices,
                   .two_hosts = true},
    LinkDescriptor{.name = "pci",
                   .substrate = Substrate::hardware,
                   .summary = "two network cards that DPDK drives itself",
                   .copies_after = "nothing: the cards' DMA; emulated cards' host copies all payload",
                   .argument_form = two_devices,
                   .two_hosts = true,
                   .options = pci_options},
    LinkDescriptor{.name = "simulated",
                   .substrate = Substrate::simulated,
                   .summary = "a simulated RDMA fabric with a virtual clock",
                   .copies_after = "nothing: the model's cards use DMA",
                   .one_address_space = true,
                   .options = simulated_options},
    LinkDescriptor{.name = "verbs",
                   .substrate = Substrate::hardware,
                   .summary = "an RDMA device, by libibverbs and librdmacm",
                   .copies_after = "nothing on a card; soft RDMA (rxe, siw): all payload, by the kernel in softirq",
                   .argument_form = "DEV",
                   .argument_optional = true,
                   .two_hosts = true,
                   .options = verbs_options},
};

}  // namespace

std::span<const LinkDescriptor> links() { return rows; }

const LinkDescriptor* find_link(std::string_view name) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const LinkDescriptor& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

bool has_one_address_space(const Link& link) {
  const LinkDescriptor* row = find_link(link.name);
  if (row == nullptr) return false;
  const auto ends = link.options.find("ends");
  return row->one_address_space || (ends != link.options.end() && ends->second == "threads");
}

bool leads_to_peer(const Link& link) {
  const LinkDescriptor* row = find_link(link.name);
  return row != nullptr && row->two_hosts;
}

bool needs_peer(const Link& link) {
  const LinkDescriptor* row = find_link(link.name);
  return row != nullptr && row->needs_peer;
}

bool has_virtual_time(const Link& link) {
  const LinkDescriptor* row = find_link(link.name);
  return row != nullptr && row->substrate == Substrate::simulated;
}

}  // namespace xover
