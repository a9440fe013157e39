// The scenarios that go by the machine alone. Each comes down to Seats: CPUs in the order in which workers take them,
// for senders and receivers apart, or for both from one row, sender and receiver taking turns.
#include "harness/placement/placement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>

#include <algorithm>
#include <map>
#include <memory>

#include "harness/placement/seats.h"

namespace xover {

namespace {

using Cores = std::vector<Core>;
using Cpus = std::vector<unsigned>;

// Cores with the same l3 or package together, the largest group first.
std::vector<Cores> group_by(const Cores& cores, int Core::* key) {
  std::map<int, Cores> by_key;
  for (const Core& core : cores) by_key[core.*key].push_back(core);
  std::vector<Cores> groups;
  for (auto& [unused, group] : by_key) groups.push_back(std::move(group));
  std::stable_sort(groups.begin(), groups.end(), [](const Cores& a, const Cores& b) { return a.size() > b.size(); });
  return groups;
}

Result<Seats> same_core(const Topology& topology, Wait wait) {
  if (wait == Wait::spin) {
    return make_error(ErrorCode::bad_input, "placement same_core",
                      "wait spin: workers that spin on one CPU only take turns at keeping each other from it",
                      "use wait block, or placement auto");
  }
  // The last core: the first ones serve most of the machine's interrupts.
  return Seats{{topology.cores().back().cpus.front()}, {topology.cores().back().cpus.front()}, true};
}

Result<Seats> smt_sibling(const Topology& topology) {
  Seats seats;
  for (const Core& core : topology.cores()) {
    if (core.cpus.size() < 2) continue;
    seats.senders.push_back(core.cpus[0]);
    seats.receivers.push_back(core.cpus[1]);
  }
  if (seats.senders.empty()) return refuse(topology, Placement::smt_sibling, "a core with two hardware threads");
  return seats;
}

Result<Seats> same_l3(const Topology& topology) {
  Cores with_l3;
  std::copy_if(topology.cores().begin(), topology.cores().end(), std::back_inserter(with_l3),
               [](const Core& core) { return core.l3 >= 0; });
  const auto groups = group_by(with_l3, &Core::l3);
  if (groups.empty() || groups.front().size() < 2) {
    return refuse(topology, Placement::same_l3, "two cores under one L3 cache");
  }
  return Seats{seats_of(groups.front()), {}};
}

Result<Seats> same_package(const Topology& topology) {
  const Cores package = group_by(topology.cores(), &Core::package).front();
  if (package.size() < 2) return refuse(topology, Placement::same_package, "two cores in one package");
  const auto caches = group_by(package, &Core::l3);
  if (caches.size() < 2) return Seats{seats_of(package), {}};
  return Seats{seats_of(caches[0]), seats_of(caches[1])};
}

Result<Seats> cross_package(const Topology& topology) {
  const auto packages = group_by(topology.cores(), &Core::package);
  if (packages.size() < 2) return refuse(topology, Placement::cross_package, "two packages");
  return Seats{seats_of(packages[0]), seats_of(packages[1])};
}

// Scenarios that tell where one end is as seen from the other.
Result<void> check_both_here(Placement scenario, const std::optional<NearInterface>& near) {
  const bool relative = scenario == Placement::smt_sibling || scenario == Placement::cross_package;
  if (!relative || !near || !near->only) return {};
  return make_error(ErrorCode::unsupported, fmt::format("--placement {}", name_of(scenario)),
                    "needs both ends on one host", "choose placement auto, near_nic or same_core");
}

Result<Seats> seats_for(const Topology& topology, Placement scenario, unsigned connections, Wait wait,
                        const std::optional<NearInterface>& near, bool receivers_here) {
  if (auto fit = check_both_here(scenario, near); !fit) return tl::make_unexpected(fit.error());
  switch (scenario) {
    case Placement::same_core: return same_core(topology, wait);
    case Placement::smt_sibling: return smt_sibling(topology);
    case Placement::same_l3: return same_l3(topology);
    case Placement::same_package: return same_package(topology);
    case Placement::cross_package: return cross_package(topology);
    case Placement::automatic:
    case Placement::near_nic:
    case Placement::rx_cpu:
    case Placement::rx_sibling:
    case Placement::rx_same_l3: break;
  }
  return near_seats(topology, scenario, near, connections, receivers_here);
}

bool share_a_cpu(const CoreMap& map, bool receivers_may_share) {
  Cpus receivers = map.receiver_cores;
  std::sort(receivers.begin(), receivers.end());
  if (receivers_may_share) receivers.erase(std::unique(receivers.begin(), receivers.end()), receivers.end());
  Cpus all = map.sender_cores;
  all.insert(all.end(), receivers.begin(), receivers.end());
  std::sort(all.begin(), all.end());
  return std::adjacent_find(all.begin(), all.end()) != all.end();
}

struct Here {
  bool senders = true, receivers = true;
};

CoreMap take_seats(const Seats& seats, unsigned connections, Here here, unsigned senders) {
  CoreMap map;
  const bool one_row = seats.receivers.empty();
  std::size_t next = 0;
  for (unsigned connection = 0; connection < connections; ++connection) {
    if (here.senders && connection < senders) {
      const std::size_t sender = one_row ? next++ : connection;
      map.sender_cores.push_back(seats.senders[sender % seats.senders.size()]);
    }
    if (!here.receivers) continue;
    const Cpus& row = one_row ? seats.senders : seats.receivers;
    const std::size_t receiver = one_row ? next++ : connection;
    map.receiver_cores.push_back(row[receiver % row.size()]);
  }
  map.oversubscribed = !seats.sharing_asked && share_a_cpu(map, seats.receivers_share_asked);
  return map;
}

std::string summarise(Placement scenario, const CoreMap& map) {
  std::vector<std::string> roles;
  if (!map.sender_cores.empty()) roles.push_back(fmt::format("senders on CPUs {}", fmt::join(map.sender_cores, ", ")));
  if (!map.receiver_cores.empty())
    roles.push_back(fmt::format("receivers on CPUs {}", fmt::join(map.receiver_cores, ", ")));
  if (map.oversubscribed) roles.emplace_back("more workers than CPUs");
  return fmt::format("{}: {}", name_of(scenario), fmt::join(roles, "; "));
}

}  // namespace

std::string_view name_of(Placement scenario) {
  switch (scenario) {
    case Placement::automatic: return "auto";
    case Placement::same_core: return "same_core";
    case Placement::smt_sibling: return "smt_sibling";
    case Placement::same_l3: return "same_l3";
    case Placement::same_package: return "same_package";
    case Placement::cross_package: return "cross_package";
    case Placement::near_nic: return "near_nic";
    case Placement::rx_cpu: return "rx_cpu";
    case Placement::rx_sibling: return "rx_sibling";
    case Placement::rx_same_l3: return "rx_same_l3";
  }
  return "auto";
}

tl::unexpected<Error> refuse(const Topology& topology, Placement scenario, std::string_view wanted) {
  return make_error(ErrorCode::unsupported, fmt::format("placement {}", name_of(scenario)),
                    fmt::format("needs {}; usable here: {}", wanted, topology.summary()),
                    "choose placement auto or same_core");
}

std::vector<unsigned> seats_of(const std::vector<Core>& cores) {
  Cpus seats;
  for (std::size_t thread = 0, before = SIZE_MAX; seats.size() != before; ++thread) {
    before = seats.size();
    for (const Core& core : cores) {
      if (thread < core.cpus.size()) seats.push_back(core.cpus[thread]);
    }
  }
  return seats;
}

Result<CoreMap> place(const Topology& topology, Placement scenario, unsigned connections, Wait wait, std::size_t roles,
                      unsigned senders, const std::optional<NearInterface>& near) {
  Here here{true, roles >= 2};
  if (near && near->only) here = {near->only == LinkRole::sender, near->only == LinkRole::receiver};
  const auto seats = seats_for(topology, scenario, connections, wait, near, here.receivers);
  if (!seats) return tl::make_unexpected(seats.error());
  CoreMap map = take_seats(*seats, connections, here, senders);
  map.summary = summarise(scenario, map);
  return map;
}

Result<CoreMap> place(Placement scenario, unsigned connections, Wait wait, std::size_t roles, unsigned senders,
                      const std::optional<NearInterface>& near) {
  static const Result<Topology> topology = Topology::of_this_machine();
  if (!topology) return tl::make_unexpected(topology.error());
  return place(*topology, scenario, connections, wait, roles, senders, near);
}

Result<void> pin_this_thread(unsigned os_cpu) {
  const std::size_t set_bytes = CPU_ALLOC_SIZE(os_cpu + 1);
  const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(os_cpu + 1),
                                                             [](cpu_set_t* one) { CPU_FREE(one); });
  CPU_ZERO_S(set_bytes, set.get());
  CPU_SET_S(os_cpu, set_bytes, set.get());
  if (sched_setaffinity(0, set_bytes, set.get()) != 0) {
    return system_error("pin a thread", fmt::format("CPU {}", os_cpu),
                        "the CPU must be online and allowed to this process (see `taskset -p $$` and its cgroup)");
  }
  return {};
}

}  // namespace xover
