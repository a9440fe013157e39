// Scenarios that go by the network interface: the NUMA node that it is attached to, and the CPUs that serve its
// interrupts.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "harness/placement/seats.h"

namespace xover {

namespace {

using Cores = std::vector<Core>;
using Cpus = std::vector<unsigned>;

// Those of the interface's node; all where the node is not known or has none that may be used.
Cores cores_near(const Topology& topology, const std::optional<NearInterface>& near) {
  Cores cores;
  if (near && near->numa_node) {
    std::copy_if(topology.cores().begin(), topology.cores().end(), std::back_inserter(cores),
                 [&](const Core& core) { return core.numa_node == *near->numa_node; });
  }
  return cores.empty() ? topology.cores() : cores;
}

bool has_several_nodes(const Topology& topology) {
  const int first = topology.cores().front().numa_node;
  return std::any_of(topology.cores().begin(), topology.cores().end(),
                     [&](const Core& core) { return core.numa_node != first; });
}

// Firmware of machines with a single node often says nothing about devices.
Result<void> check_node(const Topology& topology, Placement scenario, const NearInterface& near) {
  if (!near.numa_node) {
    if (!has_several_nodes(topology)) return {};
    return make_error(ErrorCode::unsupported, fmt::format("--placement {}", name_of(scenario)),
                      near.name + " does not tell which NUMA node it is attached to",
                      "choose placement auto or same_core");
  }
  const bool usable = std::any_of(topology.cores().begin(), topology.cores().end(),
                                  [&](const Core& core) { return core.numa_node == *near.numa_node; });
  if (usable || !has_several_nodes(topology)) return {};
  return refuse(topology, scenario, fmt::format("a core of NUMA node {}, where {} is", *near.numa_node, near.name));
}

// Null: this process may not use that CPU.
const Core* core_of(const Topology& topology, unsigned cpu) {
  const auto found = std::find_if(topology.cores().begin(), topology.cores().end(), [&](const Core& core) {
    return std::find(core.cpus.begin(), core.cpus.end(), cpu) != core.cpus.end();
  });
  return found == topology.cores().end() ? nullptr : &*found;
}

Cpus siblings_of(const Core& core, unsigned cpu) {
  Cpus others;
  std::copy_if(core.cpus.begin(), core.cpus.end(), std::back_inserter(others),
               [&](unsigned other) { return other != cpu; });
  return others;
}

Cpus neighbours_of(const Topology& topology, const Core& core) {
  Cores others;
  std::copy_if(topology.cores().begin(), topology.cores().end(), std::back_inserter(others),
               [&](const Core& other) { return core.l3 >= 0 && other.l3 == core.l3 && other.cpus != core.cpus; });
  return seats_of(others);
}

// Where a receiver may sit whose RX queue `cpu` serves, the best first.
Result<Cpus> choices(const Topology& topology, Placement scenario, unsigned cpu) {
  const Core* core = core_of(topology, cpu);
  if (core == nullptr)
    return refuse(topology, scenario, fmt::format("CPU {}, which serves an RX queue, and may not use it", cpu));
  if (scenario == Placement::rx_cpu) return Cpus{cpu};
  if (scenario == Placement::rx_sibling) {
    Cpus siblings = siblings_of(*core, cpu);
    if (siblings.empty()) return refuse(topology, scenario, fmt::format("a second hardware thread beside CPU {}", cpu));
    return siblings;
  }
  Cpus neighbours = neighbours_of(topology, *core);
  if (neighbours.empty())
    return refuse(topology, scenario, fmt::format("another core under the L3 cache of CPU {}", cpu));
  return neighbours;
}

Result<Cpus> receivers_by_rx(const Topology& topology, Placement scenario, const NearInterface& near,
                             unsigned connections) {
  if (near.rx_cpus.empty()) {
    const std::string operation = fmt::format("--placement {}", name_of(scenario));
    if (near.rx_unknown) {
      Error why = *near.rx_unknown;
      const std::string remedy = std::exchange(why.remedy, {});
      return make_error(ErrorCode::unsupported, operation, why.message(), remedy);
    }
    return make_error(ErrorCode::unsupported, operation,
                      "it is not known which CPUs serve the RX queues of " + near.name, "choose placement near_nic");
  }
  std::multiset<unsigned> taken;
  Cpus receivers;
  for (unsigned connection = 0; connection < connections; ++connection) {
    const unsigned rx_cpu = near.rx_cpus[connection % near.rx_cpus.size()];
    const auto among = choices(topology, scenario, rx_cpu);
    if (!among) return tl::make_unexpected(among.error());
    // Receivers of one queue spread over the choices, and off the CPUs of other queues.
    const auto rank = [&](unsigned cpu) {
      const bool serves = std::find(near.rx_cpus.begin(), near.rx_cpus.end(), cpu) != near.rx_cpus.end();
      return std::pair(taken.count(cpu), serves);
    };
    const unsigned chosen =
        *std::min_element(among->begin(), among->end(), [&](unsigned a, unsigned b) { return rank(a) < rank(b); });
    taken.insert(chosen);
    receivers.push_back(chosen);
  }
  return receivers;
}

// Senders keep off the CPUs of receivers and of interrupts while there are others.
Cpus senders_beside(const Cpus& seats, const Cpus& receivers, const Cpus& rx_cpus) {
  const auto without = [](const Cpus& from, const Cpus& unwanted) {
    Cpus rest;
    std::copy_if(from.begin(), from.end(), std::back_inserter(rest),
                 [&](unsigned cpu) { return std::find(unwanted.begin(), unwanted.end(), cpu) == unwanted.end(); });
    return rest;
  };
  const Cpus free = without(seats, receivers);
  const Cpus quiet = without(free, rx_cpus);
  if (!quiet.empty()) return quiet;
  return free.empty() ? seats : free;
}

}  // namespace

Result<Seats> near_seats(const Topology& topology, Placement scenario, const std::optional<NearInterface>& near,
                         unsigned connections, bool receivers_here) {
  const Cpus seats = seats_of(cores_near(topology, near));
  if (scenario == Placement::automatic) return Seats{.senders = seats};
  if (!near) {
    return make_error(ErrorCode::unsupported, fmt::format("--placement {}", name_of(scenario)),
                      "needs a link through a network interface: net",
                      "give such a link, or choose placement auto or same_core");
  }
  if (auto known = check_node(topology, scenario, *near); !known) return tl::make_unexpected(known.error());
  if (scenario == Placement::near_nic || !receivers_here) return Seats{.senders = seats};
  auto receivers = receivers_by_rx(topology, scenario, *near, connections);
  if (!receivers) return tl::make_unexpected(receivers.error());
  Seats result{.senders = senders_beside(seats, *receivers, near->rx_cpus), .receivers = std::move(*receivers)};
  result.receivers_share_asked = scenario == Placement::rx_cpu;
  return result;
}

}  // namespace xover
