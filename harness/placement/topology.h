// The cores that this process may use, as hwloc sees them, reduced to what placement asks: which hardware threads make
// up a core, and which cores share an L3 cache or a package. CPU numbers are the operating system's, as pinning wants
// them; hwloc's own logical numbers differ from those and never leave topology.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"

struct hwloc_topology;

namespace xover {

struct Core {
  std::vector<unsigned> cpus;  // OS CPUs: one for each hardware thread, at least one
  int l3 = -1;                 // which L3 cache, counted over the machine; -1: none is known
  int package = 0;
  int numa_node = -1;  // as the operating system counts; -1: unknown
};

class Topology {
 public:
  // This machine, restricted to the CPUs that cgroups and the affinity of this process (all its threads together)
  // allow.
  static Result<Topology> of_this_machine();
  // A made-up one in hwloc's synthetic notation: "package:2 l3:1 core:4 pu:2".
  static Result<Topology> synthetic(const std::string& description);
  explicit Topology(hwloc_topology* loaded);  // takes ownership

  // Cores side by side stand next to each other. Where the machine has several kinds of core, only the kind with the
  // highest performance is listed: figures of different kinds are not comparable.
  const std::vector<Core>& cores() const { return cores_; }
  // "1 package, 2 L3 caches, 8 cores, 16 hardware threads": what messages tell a user who asked for more.
  const std::string& summary() const { return summary_; }

 private:
  struct Destroy {
    void operator()(hwloc_topology* topology) const;
  };

  std::unique_ptr<hwloc_topology, Destroy> handle_;
  std::vector<Core> cores_;
  std::string summary_;
};

}  // namespace xover
