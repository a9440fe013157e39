// Takes one sample through its agents: open, connect, warm up, time, report, close.
#pragma once

#include <memory>

#include "harness/agents/agent_process.h"
#include "harness/agents/sample.h"

namespace xover {

// The agents of one start: two processes, or one where a transport needs both ends in one address space. They are
// spawned when first needed, and anew after a failure, so that nothing of a failed sample lives on.
class AgentPair {
 public:
  explicit AgentPair(AgentProcess::StopRequested stop_requested) : stop_requested_(std::move(stop_requested)) {}

  Result<void> make_ready();  // spawns what is missing or has died
  AgentProcess& sender() { return *sender_; }
  AgentProcess& receiver() { return *receiver_; }
  void drop() { sender_.reset(), receiver_.reset(); }  // ends both

 private:
  AgentProcess::StopRequested stop_requested_;
  std::unique_ptr<AgentProcess> sender_, receiver_;
};

// On an error the agents have been dropped. Bounded: each step by a few seconds, the phases by their length and some.
Result<Sample> take_sample(AgentPair& agents, const SampleSpec& spec);

}  // namespace xover
