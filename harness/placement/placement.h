// Which worker runs where. The map is made once for a point, before anything starts, and is part of the result.
#pragma once

#include <climits>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/link.h"
#include "harness/experiment/point.h"
#include "harness/placement/topology.h"

namespace xover {

// OS CPUs by connection: sender i and receiver i serve connection i.
struct CoreMap {
  std::vector<unsigned> sender_cores, receiver_cores;
  bool oversubscribed = false;  // workers share a CPU though nobody asked for that
  std::string summary;          // "auto: senders on CPUs 0, 2; receivers on CPUs 1, 3"
};

// The network interface of this host that the bytes go through.
struct NearInterface {
  std::string name;               // for messages
  std::optional<int> numa_node;   // as the operating system counts; none: unknown, all cores are as near
  std::vector<unsigned> rx_cpus;  // by connection: the CPU that serves the interrupt of its RX queue; empty: unknown
  std::optional<LinkRole> only;   // who of the two sits on this host; none: both
  std::optional<Error> rx_unknown = {};  // why rx_cpus is empty, where somebody has found out
};

// Places a worker for each connection and role; with one role there are only senders.
//   auto           each worker on a core of its own, sender i beside receiver i; second hardware threads only when all
//                  cores are taken
//   same_core      all on one CPU, so that goodput is one over the total CPU cost; refuses to spin there
//   smt_sibling    sender i and receiver i on the two hardware threads of one core
//   same_l3        as auto, within the largest L3 cache
//   same_package   within the largest package; senders and receivers under different L3 caches where it has several
//   cross_package  senders in one package, receivers in another
// With an interface known, auto keeps to the cores of its NUMA node, and there are:
//   near_nic       as auto, but refused where the node is not known and the machine has several
//   rx_cpu         receiver i on the CPU that serves its RX queue's interrupt
//   rx_sibling     receiver i on another hardware thread of that core
//   rx_same_l3     receiver i on another core under the same L3 cache
// Of the last three, senders sit as with near_nic, off those CPUs while there are others. With `near->only` the map has
// cores of that role alone.
// More workers than CPUs wrap round. What the machine lacks is refused, never replaced.
// `senders`: only the first so many connections have a sending worker of their own.
inline constexpr unsigned a_sender_each = UINT_MAX;
Result<CoreMap> place(const Topology& topology, Placement scenario, unsigned connections, Wait wait,
                      std::size_t roles = 2, unsigned senders = a_sender_each,
                      const std::optional<NearInterface>& near = std::nullopt);
// On this machine. Its topology is read once per process, before its threads are pinned: see Topology.
Result<CoreMap> place(Placement scenario, unsigned connections, Wait wait, std::size_t roles = 2,
                      unsigned senders = a_sender_each, const std::optional<NearInterface>& near = std::nullopt);

// Binds the calling thread to one OS CPU for good.
Result<void> pin_this_thread(unsigned os_cpu);

}  // namespace xover
