// Reads hwloc's tree into the flat list of cores.
#include "harness/placement/topology.h"

#include <fmt/format.h>
#include <hwloc.h>

#include <set>

namespace xover {

namespace {

// Some virtual machines and ARM boards tell of hardware threads only; each then counts as a core.
hwloc_obj_type_t core_type(hwloc_topology_t topology) {
  return hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
}

int ancestor_index(hwloc_topology_t topology, hwloc_obj_type_t type, hwloc_obj_t object, int when_missing) {
  const hwloc_obj_t ancestor = hwloc_get_ancestor_obj_by_type(topology, type, object);
  return ancestor == nullptr ? when_missing : static_cast<int>(ancestor->logical_index);
}

// hwloc sorts kinds by rising performance when it can rank them; when it cannot, the kind with most CPUs is meant.
// Null: all cores are of one kind.
hwloc_bitmap_t cpus_of_fastest_kind(hwloc_topology_t topology) {
  hwloc_bitmap_t best = nullptr;
  const int kinds = hwloc_cpukinds_get_nr(topology, 0);
  for (int kind = 0; kinds > 1 && kind < kinds; ++kind) {
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    int performance = -1;
    hwloc_cpukinds_get_info(topology, static_cast<unsigned>(kind), cpus, &performance, nullptr, nullptr, 0);
    const bool better = best == nullptr || performance >= 0 || hwloc_bitmap_weight(cpus) > hwloc_bitmap_weight(best);
    if (better) std::swap(best, cpus);
    hwloc_bitmap_free(cpus);
  }
  return best;
}

Core read_core(hwloc_topology_t topology, hwloc_obj_t object) {
  Core core;
  unsigned cpu;
  hwloc_bitmap_foreach_begin(cpu, object->cpuset) core.cpus.push_back(cpu);
  hwloc_bitmap_foreach_end();
  core.l3 = ancestor_index(topology, HWLOC_OBJ_L3CACHE, object, -1);
  core.numa_node = hwloc_bitmap_first(object->nodeset);  // OS numbers; the nearest where there are several
  core.package = ancestor_index(topology, HWLOC_OBJ_PACKAGE, object, 0);
  return core;
}

std::vector<Core> read_cores(hwloc_topology_t topology) {
  std::vector<Core> cores;
  const hwloc_bitmap_t fastest = cpus_of_fastest_kind(topology);
  const hwloc_obj_type_t type = core_type(topology);
  for (hwloc_obj_t object = nullptr; (object = hwloc_get_next_obj_by_type(topology, type, object)) != nullptr;) {
    if (fastest == nullptr || hwloc_bitmap_intersects(object->cpuset, fastest)) {
      cores.push_back(read_core(topology, object));
    }
  }
  hwloc_bitmap_free(fastest);
  return cores;
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string summarise(const std::vector<Core>& cores) {
  std::set<int> packages, l3_caches;
  std::size_t threads = 0;
  for (const Core& core : cores) {
    packages.insert(core.package);
    if (core.l3 >= 0) l3_caches.insert(core.l3);
    threads += core.cpus.size();
  }
  const std::string l3_text = l3_caches.empty() ? "no known L3 cache" : counted(l3_caches.size(), "L3 cache");
  return fmt::format("{}, {}, {}, {}", counted(packages.size(), "package"), l3_text, counted(cores.size(), "core"),
                     counted(threads, "hardware thread"));
}

}  // namespace

void Topology::Destroy::operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }

Topology::Topology(hwloc_topology* loaded) : handle_(loaded), cores_(read_cores(loaded)), summary_(summarise(cores_)) {}

Result<Topology> Topology::of_this_machine() {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return system_error("read the CPU topology");
  hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM | HWLOC_TOPOLOGY_FLAG_RESTRICT_TO_CPUBINDING);
  if (hwloc_topology_load(topology) != 0) {
    auto error = system_error("read the CPU topology");
    hwloc_topology_destroy(topology);
    return error;
  }
  return Topology(topology);
}

Result<Topology> Topology::synthetic(const std::string& description) {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return system_error("make a CPU topology", description);
  if (hwloc_topology_set_synthetic(topology, description.c_str()) != 0 || hwloc_topology_load(topology) != 0) {
    hwloc_topology_destroy(topology);
    return make_error(ErrorCode::bad_input, "make a CPU topology", description,
                      "write it as hwloc's synthetic topologies");
  }
  return Topology(topology);
}

}  // namespace xover
