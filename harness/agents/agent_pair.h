// The agents of one start of a run: two processes on each link, or one where a transport needs both ends in one address
// space. Those of a link that was made live inside its namespaces, each at its end.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "harness/agents/agent_process.h"
#include "harness/agents/made_links.h"

namespace xover {

// Spawned when first needed, and anew after a failure, so that nothing of a failed sample lives on.
class AgentPair {
 public:
  // `link` is where the agents live, and outlives them; null: where the coordinator does.
  explicit AgentPair(AgentProcess::StopRequested stop_requested, const MadeLink* link = nullptr)
      : stop_requested_(std::move(stop_requested)), link_(link) {}

  Result<void> make_ready();  // spawns what is missing or has died
  AgentProcess& sender() { return *sender_; }
  AgentProcess& receiver() { return *receiver_; }
  const MadeLink* link() const { return link_; }
  void drop() { sender_.reset(), receiver_.reset(); }  // ends both

 private:
  Result<std::unique_ptr<AgentProcess>> spawn(const char* name, const FileDescriptor& net) const;

  AgentProcess::StopRequested stop_requested_;
  const MadeLink* link_;
  std::unique_ptr<AgentProcess> sender_, receiver_;
};

// A pair for each link of a run, by its text: some start in their process what only one link can have there.
class AgentPairs {
 public:
  explicit AgentPairs(AgentProcess::StopRequested stop_requested)
      : stop_requested_(stop_requested), links_(std::move(stop_requested)) {}

  // Makes the link if need be; spawns nothing. The pair stays valid until drop().
  Result<AgentPair*> on(const Link& link);
  void drop() { pairs_.clear(); }  // ends all agents; links stay

 private:
  AgentProcess::StopRequested stop_requested_;
  MadeLinks links_;                         // before the pairs, which live inside
  std::map<std::string, AgentPair> pairs_;  // by the link's text
};

}  // namespace xover
