// Makes the links that exist only while they are measured: veth, veth_dma, ifb, and wire for interfaces that are there.
//
// Each lives in network namespaces without a name, held by descriptors alone, so that nothing is left to clear: when
// the last descriptor and the last process inside go, however they go, the kernel removes the namespaces with all that
// was made in them, and gives interfaces of hardware back to the host (network_namespaces(7)): down, without addresses,
// and with what options asked for: MTU, offloads, queues.
#pragma once

#include <map>
#include <string>

#include "core/link.h"
#include "core/transport.h"
#include "transports/common/file_descriptor.h"

namespace xover {

// The two ends of a link that was made, each a namespace. Descriptors as namespaces(7) has them.
struct MadeLink {
  FileDescriptor user;             // the user namespace that owns the others; none where the user was permitted without
  FileDescriptor sender_net;       // network namespace of the sender's end
  FileDescriptor receiver_net;     // none on links without receiver
  HostAddresses sender, receiver;  // without IPv6 where this system has turned it off
  Substrate substrate = Substrate::soft_device;
  // The sender's device reads lent pages itself: it has scatter-gather, and computes the checksums of both versions of
  // IP. Without, "not copied" is no evidence: see OpenParameters.
  bool gathers = false;
  // As the kernel granted it: "mtu_bytes", "tso", "tx_queues", "xdp", ... of the sender's interface, and as
  // "receiver_tso", ... of the receiver's, where that differs.
  std::map<std::string, std::string> facts;
};

// Whether this build can make links at all, and this one: not_built with the package to install; for `wire`
// not_permitted too, for whoever may not move interfaces of the host. Reads some files of /proc.
Availability link_support(const Link& link);

// Makes the link and brings it up, ready for packets. Control plane; blocks for a few milliseconds, on `ifb` for up to
// 5 s while its driver is loaded, on `wire` for up to 6 s until the cards are there and the cable carries.
//
// Moves the calling process out of its namespaces for good, so it is called in a process spawned for the purpose, while
// that has one thread, and that the kernel ends with its parent (PR_SET_PDEATHSIG). As root, or as whoever may make
// network namespaces; everybody else gets a user namespace of his own first (user_namespaces(7)). Errors:
// `not_permitted` (what the kernel forbids, and who may), `no_device` (no such device or driver), `bad_input` (an
// option), `unsupported` (too old a kernel).
Result<MadeLink> make_link(const Link& link);

// Moves the calling process, which has one thread, to one end of a made link. `user_fd` -1: none; else the process ends
// with its parent from then on (PR_SET_PDEATHSIG), since the kernel takes that away with the old credentials.
Result<void> enter_namespaces(int user_fd, int net_fd);

// The words of `xover list` for an error of make_link() other than `bad_input`, which says nothing about this system:
// those are for whoever wrote the link. Errors that no status stands for, as `timed_out` and `internal`, become
// no_device with their cause.
Availability availability_of(const Error& error);

}  // namespace xover
