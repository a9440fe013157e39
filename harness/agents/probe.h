// What can run here: every transport on each of its links, asked in a spawned process.
#pragma once

#include <vector>

#include "core/transport.h"

namespace xover {

struct ProbedRow {
  const Descriptor* transport = nullptr;
  Link link;  // empty name for a transport that is only planned
  Availability availability;
};

// In the order of transports(). An agent that dies while it probes gives its row `no_device` with the cause, and the
// remaining rows are asked of a new agent. Blocks for as long as the probes take, each within a bound.
Result<std::vector<ProbedRow>> probe_all();

// One transport on one link, asked of the sender's agent.
class AgentPair;
Result<Availability> probe_one(AgentPair& agents, const Descriptor& transport, const Link& link);

}  // namespace xover
