// Which worker runs where. The map is made once for a point, before anything starts, and is part of the result.
#pragma once

#include <climits>
#include <cstddef>
#include <string>
#include <vector>

#include "core/error.h"
#include "harness/experiment/point.h"
#include "harness/placement/topology.h"

namespace xover {

// OS CPUs by connection: sender i and receiver i serve connection i.
struct CoreMap {
  std::vector<unsigned> sender_cores, receiver_cores;
  bool oversubscribed = false;  // workers share a CPU though nobody asked for that
  std::string summary;          // "auto: senders on CPUs 0, 2; receivers on CPUs 1, 3"
};

// Places a worker for each connection and role; with one role there are only senders.
//   auto           each worker on a core of its own, sender i beside receiver i; second hardware threads only when all
//                  cores are taken
//   same_core      all on one CPU, so that goodput is one over the total CPU cost; refuses to spin there
//   smt_sibling    sender i and receiver i on the two hardware threads of one core
//   same_l3        as auto, within the largest L3 cache
//   same_package   within the largest package; senders and receivers under different L3 caches where it has several
//   cross_package  senders in one package, receivers in another
// More workers than CPUs wrap round. What the machine lacks is refused, never replaced.
// `senders`: only the first so many connections have a sending worker of their own.
inline constexpr unsigned a_sender_each = UINT_MAX;
Result<CoreMap> place(const Topology& topology, Placement scenario, unsigned connections, Wait wait,
                      std::size_t roles = 2, unsigned senders = a_sender_each);
// On this machine. Its topology is read once per process, before its threads are pinned: see Topology.
Result<CoreMap> place(Placement scenario, unsigned connections, Wait wait, std::size_t roles = 2,
                      unsigned senders = a_sender_each);

// Binds the calling thread to one OS CPU for good.
Result<void> pin_this_thread(unsigned os_cpu);

}  // namespace xover
