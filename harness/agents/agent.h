// The coordinator's view of an agent: a process, of this host (agent_process.h) or of another (remote/remote_agent.h),
// asked by request and reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/clock.h"
#include "core/error.h"

namespace xover {

// How an agent's monotonic clock stands to the coordinator's. On one host they are one.
struct HostClock {
  std::int64_t ahead_ns = 0;        // the agent's less the coordinator's
  std::int64_t uncertainty_ns = 0;  // by no more than this is ahead_ns wrong

  MonotonicNs theirs(MonotonicNs ours_ns) const { return ours_ns + ahead_ns; }
  MonotonicNs ours(MonotonicNs theirs_ns) const { return theirs_ns - ahead_ns; }
};

class Agent {
 public:
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  virtual ~Agent() = default;  // ends the process

  // Sends a request and waits for its reply. Errors: the agent's own; `timed_out`; `peer_died` with how the process
  // ended, or that its host is gone; `cancelled` when a stop is requested. `other` is the sample's other agent: its
  // death ends the wait as well.
  virtual Result<nlohmann::json> call(const nlohmann::json& request, std::int64_t bound_ns, Agent* other = nullptr) = 0;

  // How the process ended ("killed by signal 9 (Killed)"); nothing while it runs.
  virtual std::optional<std::string> ending() = 0;
  virtual const std::string& name() const = 0;
  virtual Result<HostClock> clock() { return HostClock{}; }  // as it stands now: clocks drift

 protected:
  Agent() = default;
};

// What an agent's death is worth telling: how it ended, where that becomes known within a moment (a socket closes a
// little before its process can be waited for), else what was seen of it.
Error death_of(Agent& agent, const Error& seen);

// The reply itself where it says that all went well, else its error. When the other side's process died, that is the
// cause, and what this side saw (a reset, a refused connection, an overdue answer) is only its effect.
Result<nlohmann::json> read_reply(nlohmann::json reply, Agent& from, Agent* other);

}  // namespace xover
