// Spawning agents where they belong.
#include "harness/agents/agent_pair.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace xover {

namespace {

constexpr std::int64_t enter_bound_ns = 10'000'000'000;

}  // namespace

Result<std::unique_ptr<AgentProcess>> AgentPair::spawn(const char* name, const FileDescriptor& net) const {
  auto agent = AgentProcess::spawn(name, stop_requested_);
  if (!agent || !net) return agent;
  // Descriptors do not travel in frames: the agent takes its own of those that this process holds.
  auto entered = (*agent)->call(
      {{"request", "enter_namespaces"}, {"holder", getpid()}, {"user", link_->user.get()}, {"net", net.get()}},
      enter_bound_ns);
  if (!entered) return tl::make_unexpected(entered.error());
  return agent;
}

Result<void> AgentPair::make_ready() {
  static const FileDescriptor here;
  struct Place {
    std::unique_ptr<AgentProcess>& agent;
    const char* name;
    const FileDescriptor& net;
  };
  // A link without receiver has one end; what both agents need is there.
  const FileDescriptor& sender_net = link_ == nullptr ? here : link_->sender_net;
  const FileDescriptor& receiver_net = link_ == nullptr || !link_->receiver_net ? sender_net : link_->receiver_net;
  for (const Place& place :
       {Place{sender_, "sender agent", sender_net}, Place{receiver_, "receiver agent", receiver_net}}) {
    if (place.agent && !place.agent->ending()) continue;
    place.agent.reset();
    auto spawned = spawn(place.name, place.net);
    if (!spawned) return tl::make_unexpected(spawned.error());
    place.agent = std::move(*spawned);
  }
  return {};
}

Result<AgentPair*> AgentPairs::on(const Link& link) {
  auto made = links_.find_or_make(link);
  if (!made) return tl::make_unexpected(made.error());
  return &pairs_.try_emplace(link.text(), stop_requested_, *made).first->second;
}

}  // namespace xover
