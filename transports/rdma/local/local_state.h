// What a fabric `local` and its queue pairs share. One thread owns it all.
#pragma once

#include <cstdint>
#include <vector>

#include "transports/rdma/fabric.h"
#include "transports/rdma/local/region_table.h"

namespace xover {

class LocalQueuePair;

struct LocalCounters {
  std::uint64_t messages = 0;  // sends and writes with immediate that arrived
  std::uint64_t message_bytes = 0;
  std::uint64_t one_sided_operations = 0;  // reads and writes that ended well
  std::uint64_t one_sided_bytes = 0;
  std::uint64_t memcpy_bytes = 0;         // of both, by the way they took
  std::uint64_t system_call_bytes = 0;    // likewise, by process_vm_readv and process_vm_writev
  std::uint64_t rnr_waits = 0;            // requests that found no posted receive and had to wait
  std::uint64_t staged_inline_bytes = 0;  // of requests that had to wait, and so were copied once more
  std::uint64_t bells_rung = 0;           // to wake a peer up
  std::uint64_t sleeps = 0;
  std::uint64_t registrations = 0, registered_bytes = 0;  // bytes: now
  std::uint64_t deregistration_waits = 0;                 // for an operation of a peer to end
};

struct LocalState {
  FabricShape shape;
  FabricLimits limits;
  RegionTable regions;
  std::vector<LocalQueuePair*> queue_pairs;  // those that live
  LocalCounters counters;
  Ticks look_every = 0;  // how often an end looks at its line, at most
};

}  // namespace xover
