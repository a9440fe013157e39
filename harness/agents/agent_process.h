// An agent that is a spawned process of this host (never a bare fork), so it starts clean; it is ended by its process
// id and always waited for.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "harness/agents/agent.h"
#include "harness/agents/control_channel.h"

namespace xover {

class AgentProcess final : public Agent {
 public:
  using StopRequested = std::function<bool()>;

  // `name` is how messages call it: "sender agent". Blocks until it has said hello.
  static Result<std::unique_ptr<AgentProcess>> spawn(std::string name, StopRequested stop_requested);
  ~AgentProcess() override;

  Result<nlohmann::json> call(const nlohmann::json& request, std::int64_t bound_ns, Agent* other = nullptr) override;
  std::optional<std::string> ending() override;
  const std::string& name() const override { return name_; }
  pid_t pid() const { return pid_; }

 private:
  AgentProcess(std::string name, pid_t pid, int socket, StopRequested stop_requested)
      : name_(std::move(name)), pid_(pid), control_(socket), stop_requested_(std::move(stop_requested)) {}
  Result<void> still_wanted(Agent* other);

  std::string name_;
  pid_t pid_;
  ControlChannel control_;
  StopRequested stop_requested_;
  std::optional<std::string> ending_;
};

// The program that is spawned as an agent: this executable, unless a test says otherwise.
void set_agent_program(std::string path);

}  // namespace xover
