// The agents of one client, by the numbers that it knows them by.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "harness/agents/agent_process.h"

namespace xover {

class ClientAgents {
 public:
  using Number = std::uint64_t;

  // `stop_waiting` is asked at least every 50 ms while an agent is waited for; true ends the wait with `cancelled`.
  ClientAgents(std::uint64_t most, AgentProcess::StopRequested stop_waiting)
      : most_(most), stop_waiting_(std::move(stop_waiting)) {}

  // Spawns one more. Refused when as many as are allowed run already.
  Result<Number> start(const std::string& name);
  // Errors: the agent's own; `timed_out`, `cancelled`; `peer_died` with how it ended.
  Result<nlohmann::json> ask(Number number, const nlohmann::json& request, std::int64_t bound_ns);
  // Ends it, if it still runs. Refused when there is none of that number.
  Result<void> end(Number number);
  void end_all() { agents_.clear(); }

  // Calls back for each agent that ended by itself, once.
  void tell_of_deaths(const std::function<void(Number, const std::string& how)>& tell);
  bool any_runs() const;

 private:
  struct Agent {
    std::unique_ptr<AgentProcess> process;
    bool owes_answer = false;  // what it says next would be taken for the answer to another request
    bool death_told = false;
  };

  Result<Agent*> find(Number number);

  std::uint64_t most_;
  AgentProcess::StopRequested stop_waiting_;
  std::map<Number, Agent> agents_;
  Number last_ = 0;
};

}  // namespace xover
