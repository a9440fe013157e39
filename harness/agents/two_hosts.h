// The two ends of a run between two hosts: which is which, through which interfaces the bytes go, where the workers are
// placed, and whether the other host's cores were its own. Each end answers for its own host (host_account.h).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "harness/agents/agent_pair.h"
#include "harness/agents/host_account.h"
#include "harness/links/links.h"
#include "harness/measurement/round_gate.h"

namespace xover {

class TwoHosts {
 public:
  explicit TwoHosts(AgentPairs& agents) : agents_(agents) {}

  // This link's ends are on two hosts.
  bool are_of(const Link& link) const { return agents_.far() != nullptr && leads_to_peer(link); }

  // Fills in what the cell's ends are: substrate, facts of both interfaces, cores. The error is the reason why the cell
  // cannot be measured.
  Result<void> settle(CellResult& cell, const Point& point, const Plan& plan);
  // Addresses and interfaces of both ends, of a cell that is settled.
  void tell(SampleSpec& spec) const;
  std::optional<PeerHost> peer() const { return peer_; }

  // Of the cores there, of which there may be none. An answer that does not come counts as cores that were not ours.
  void gate_before(std::span<const unsigned> far_cores);
  GateVerdict gate_after(std::span<const unsigned> far_cores);

 private:
  struct Ends {
    HostAccount near, far;
  };

  Result<const Ends*> ends_on(const Link& link, Direction direction);
  Result<HostAccount> describe_far(Agent& agent, const std::string& interface) const;
  Result<Agent*> far_agent();
  Result<void> place(CellResult& cell, const Point& point, const Ends& ends);

  AgentPairs& agents_;
  std::map<std::string, Ends> ends_;  // by the link's text
  std::optional<PeerHost> peer_;
  std::optional<std::pair<Link, Direction>> asked_;  // whose far agent is asked for its cores
};

// What the gates of two hosts say together.
GateVerdict both(const GateVerdict& one, const GateVerdict& other);

}  // namespace xover
