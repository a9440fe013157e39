// Between the scenarios and the map: CPUs in the order in which workers take them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "harness/experiment/point.h"
#include "harness/placement/placement.h"
#include "harness/placement/topology.h"

namespace xover {

struct Seats {
  std::vector<unsigned> senders;
  std::vector<unsigned> receivers;     // empty: receivers sit in the senders' row, each next to its sender
  bool sharing_asked = false;          // the scenario itself puts several workers on one CPU
  bool receivers_share_asked = false;  // the same of receivers among themselves
};

std::string_view name_of(Placement scenario);  // as the axis has it

// First every core's first hardware thread, then every core's second, and so on.
std::vector<unsigned> seats_of(const std::vector<Core>& cores);

tl::unexpected<Error> refuse(const Topology& topology, Placement scenario, std::string_view wanted);

// auto, near_nic and the scenarios relative to the CPU of an RX queue. `near`: none, no interface is known.
Result<Seats> near_seats(const Topology& topology, Placement scenario, const std::optional<NearInterface>& near,
                         unsigned connections, bool receivers_here);

}  // namespace xover
