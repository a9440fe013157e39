// What can run here: every link made, and every transport asked on each of its links, in a spawned process inside it.
#pragma once

#include <vector>

#include "core/transport.h"
#include "harness/agents/agent_pair.h"
#include "harness/links/links.h"

namespace xover {

struct ProbedRow {
  const Descriptor* transport = nullptr;
  Link link;
  Availability availability;
};

struct ProbedLink {
  const LinkDescriptor* link = nullptr;
  Availability
      availability;  // whether it can be made, or a transport can use it; of one that needs an argument, without
};

struct Probed {
  std::vector<ProbedRow> rows;    // in the order of transports(); of links that need an argument without one, as far
                                  // as they are not made
  std::vector<ProbedLink> links;  // in the order of links()
};

// An agent that dies while it probes gives its row `no_device` with the cause, and the remaining rows are asked of a
// new agent. `far`: the other host of links that lead to one. Blocks for as long as the probes take, each within a
// bound. Nothing that was made is left.
Probed probe_all(RemoteHost* far = nullptr);

// One transport on one link, asked of the sender's agent, and between two hosts of both: the cause then names the host.
// A link that cannot be made says so for the transport; an
// error is what says nothing about either: a process that was killed, a stop on request, a link that was written
// wrongly.
Result<Availability> probe_one(AgentPairs& agents, const Descriptor& transport, const Link& link);

}  // namespace xover
