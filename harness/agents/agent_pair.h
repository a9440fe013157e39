// The agents of one start of a run: two processes on each link, or one where a transport needs both ends in one address
// space. Those of a link that was made live inside its namespaces, each at its end; of a link to another host, one
// lives there.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "harness/agents/agent_process.h"
#include "harness/agents/made_links.h"
#include "harness/experiment/point.h"
#include "harness/remote/remote_host.h"
#include "harness/workloads/phase.h"

namespace xover {

// Spawned when first needed, and anew after a failure, so that nothing of a failed sample lives on.
class AgentPair {
 public:
  // `link` is where the agents live, and outlives them; null: where the coordinator does. `far`: where the agent at the
  // other end of `direction` lives, likewise; null: here.
  explicit AgentPair(AgentProcess::StopRequested stop_requested, const MadeLink* link = nullptr,
                     RemoteHost* far = nullptr, Direction direction = Direction::to_peer)
      : stop_requested_(std::move(stop_requested)), link_(link), far_(far), direction_(direction) {}

  Result<void> make_ready();  // spawns what is missing or has died
  Agent& sender() { return *sender_; }
  Agent& receiver() { return *receiver_; }
  // Of a link to another host, the agent there.
  Agent& far() { return direction_ == Direction::to_peer ? *receiver_ : *sender_; }
  const MadeLink* link() const { return link_; }
  void drop() { sender_.reset(), receiver_.reset(); }  // ends both

 private:
  Result<std::unique_ptr<Agent>> spawn(Role role) const;

  AgentProcess::StopRequested stop_requested_;
  const MadeLink* link_;
  RemoteHost* far_;
  Direction direction_;
  std::unique_ptr<Agent> sender_, receiver_;
};

// A pair for each link of a run, by its text: some start in their process what only one link can have there.
class AgentPairs {
 public:
  // `far`: the other host of links that lead to one; null: there is none, and such links are refused.
  explicit AgentPairs(AgentProcess::StopRequested stop_requested, RemoteHost* far = nullptr)
      : stop_requested_(stop_requested), far_(far), links_(std::move(stop_requested)) {}

  // Makes the link if need be; spawns nothing. The pair stays valid until drop().
  Result<AgentPair*> on(const Link& link, Direction direction = Direction::to_peer);
  RemoteHost* far() const { return far_; }
  void drop() { pairs_.clear(); }  // ends all agents; links stay

 private:
  AgentProcess::StopRequested stop_requested_;
  RemoteHost* far_;
  MadeLinks links_;                                               // before the pairs, which live inside
  std::map<std::pair<std::string, Direction>, AgentPair> pairs_;  // by the link's text
};

}  // namespace xover
