// The coordinator's view of an agent: a spawned process of this host, asked by request and reply. It is spawned (never
// a bare fork), so it starts clean; it is ended by its process id and always waited for.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "harness/agents/control_channel.h"

namespace xover {

class AgentProcess {
 public:
  using StopRequested = std::function<bool()>;

  // `name` is how messages call it: "sender agent". Blocks until it has said hello.
  static Result<std::unique_ptr<AgentProcess>> spawn(std::string name, StopRequested stop_requested);
  ~AgentProcess();  // ends the process
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  // Sends a request and waits for its reply. Errors: the agent's own; `timed_out`; `peer_died` with how the process
  // ended; `cancelled` when a stop is requested. `other` is the sample's other agent: its death ends the wait as well.
  Result<nlohmann::json> call(const nlohmann::json& request, std::int64_t bound_ns, AgentProcess* other = nullptr);

  // How the process ended ("killed by signal 9 (Killed)"); nothing while it runs.
  std::optional<std::string> ending();
  const std::string& name() const { return name_; }
  pid_t pid() const { return pid_; }

 private:
  AgentProcess(std::string name, pid_t pid, int socket, StopRequested stop_requested)
      : name_(std::move(name)), pid_(pid), control_(socket), stop_requested_(std::move(stop_requested)) {}
  Result<void> still_wanted(AgentProcess* other);
  Error death_of(AgentProcess& agent, const Error& seen);

  std::string name_;
  pid_t pid_;
  ControlChannel control_;
  StopRequested stop_requested_;
  std::optional<std::string> ending_;
};

// The program that is spawned as an agent: this executable, unless a test says otherwise.
void set_agent_program(std::string path);

}  // namespace xover
