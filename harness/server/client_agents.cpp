// Looking after a client's agents.
#include "harness/server/client_agents.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/experiment/bad_input.h"

namespace xover {

using nlohmann::json;

Result<ClientAgents::Number> ClientAgents::start(const std::string& name) {
  std::erase_if(agents_, [](const auto& entry) { return entry.second.death_told; });
  if (agents_.size() >= most_)
    return make_error(ErrorCode::not_permitted, "start an agent",
                      fmt::format("{} run already, and the server allows no more", agents_.size()),
                      "end one, or start the server with a greater --max-agents");
  auto process = AgentProcess::spawn(name, stop_waiting_);
  if (!process) return tl::make_unexpected(process.error());
  agents_[++last_].process = std::move(*process);
  return last_;
}

Result<ClientAgents::Agent*> ClientAgents::find(Number number) {
  const auto found = agents_.find(number);
  if (found == agents_.end())
    return make_error(ErrorCode::peer_died, fmt::format("agent {}", number), "has ended, or was never started");
  return &found->second;
}

Result<json> ClientAgents::ask(Number number, const json& request, std::int64_t bound_ns) {
  const auto agent = find(number);
  if (!agent) return tl::make_unexpected(agent.error());
  AgentProcess& process = *(*agent)->process;
  if (const auto how = process.ending()) return make_error(ErrorCode::peer_died, process.name(), *how);
  if ((*agent)->owes_answer)
    return make_error(ErrorCode::timed_out, process.name(), "it still owes an answer", "end it and start another");
  auto reply = process.call(request, bound_ns);
  if (!reply && (reply.error().code == ErrorCode::cancelled || reply.error().code == ErrorCode::timed_out))
    (*agent)->owes_answer = reply.error().code == ErrorCode::cancelled || reply.error().operation == process.name() ||
                            reply.error().operation == "send";
  return reply;
}

Result<void> ClientAgents::end(Number number) {
  const auto agent = find(number);
  if (!agent) return tl::make_unexpected(agent.error());
  agents_.erase(number);
  return {};
}

void ClientAgents::tell_of_deaths(const std::function<void(Number, const std::string& how)>& tell) {
  for (auto& [number, agent] : agents_) {
    if (agent.death_told) continue;
    const auto how = agent.process->ending();
    if (!how) continue;
    agent.death_told = true;
    tell(number, *how);
  }
}

bool ClientAgents::any_runs() const {
  return std::ranges::any_of(agents_, [](const auto& entry) { return !entry.second.death_told; });
}

}  // namespace xover
