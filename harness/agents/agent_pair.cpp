// Spawning agents where they belong.
#include "harness/agents/agent_pair.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "harness/links/links.h"

namespace xover {

namespace {

constexpr std::int64_t enter_bound_ns = 10'000'000'000;

}  // namespace

// A link without receiver has one end; what both agents need is there.
Result<std::unique_ptr<Agent>> AgentPair::spawn(Role role) const {
  const std::string name = role == Role::sender ? "sender agent" : "receiver agent";
  const bool is_far = (role == Role::receiver) == (direction_ == Direction::to_peer);
  if (far_ != nullptr && is_far) return far_->start_agent("far " + name);
  auto agent = AgentProcess::spawn(name, stop_requested_);
  if (!agent) return tl::make_unexpected(agent.error());
  if (link_ != nullptr) {
    const FileDescriptor& net = role == Role::sender || !link_->receiver_net ? link_->sender_net : link_->receiver_net;
    // Descriptors do not travel in frames: the agent takes its own of those that this process holds.
    auto entered = (*agent)->call(
        {{"request", "enter_namespaces"}, {"holder", getpid()}, {"user", link_->user.get()}, {"net", net.get()}},
        enter_bound_ns);
    if (!entered) return tl::make_unexpected(entered.error());
  }
  return std::unique_ptr<Agent>(std::move(*agent));
}

Result<void> AgentPair::make_ready() {
  for (const Role role : {Role::sender, Role::receiver}) {
    std::unique_ptr<Agent>& agent = role == Role::sender ? sender_ : receiver_;
    if (agent && !agent->ending()) continue;
    agent.reset();
    auto spawned = spawn(role);
    if (!spawned) return tl::make_unexpected(spawned.error());
    agent = std::move(*spawned);
  }
  return {};
}

Result<AgentPair*> AgentPairs::on(const Link& link, Direction direction) {
  auto made = links_.find_or_make(link);
  if (!made) return tl::make_unexpected(made.error());
  RemoteHost* const far = leads_to_peer(link) ? far_ : nullptr;
  if (far == nullptr && needs_peer(link))
    return make_error(ErrorCode::no_device, "link " + link.text(), "it leads to another host, and none was named",
                      "start `xover serve` there and give --peer HOST");
  return &pairs_.try_emplace({link.text(), direction}, stop_requested_, *made, far, direction).first->second;
}

}  // namespace xover
