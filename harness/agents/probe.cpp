// Probing in a spawned process, because a probe does the thing and some things can be done once in a process only, or
// end it.
#include "harness/agents/probe.h"

#include <nlohmann/json.hpp>

#include "harness/agents/agent_process.h"
#include "harness/agents/protocol.h"
#include "harness/agents/sample_runner.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t probe_bound_ns = 10'000'000'000;

Result<Availability> ask(AgentProcess& agent, const Descriptor& transport, const Link& link) {
  auto reply = agent.call(
      {{"request", "probe"}, {"id", transport.id}, {"link", link.name}, {"argument", link.argument}}, probe_bound_ns);
  if (!reply) return tl::make_unexpected(reply.error());
  return availability_from_json(reply->value("availability", json()));
}

}  // namespace

Result<Availability> probe_one(AgentPair& agents, const Descriptor& transport, const Link& link) {
  if (auto ready = agents.make_ready(); !ready) return tl::make_unexpected(ready.error());
  auto availability = ask(agents.sender(), transport, link);
  if (!availability) agents.drop();
  return availability;
}

Result<std::vector<ProbedRow>> probe_all() {
  std::vector<ProbedRow> rows;
  std::unique_ptr<AgentProcess> agent;
  for (const Descriptor& transport : transports()) {
    if (transport.planned()) {
      rows.push_back({&transport, Link{"", ""}, Availability{Status::planned, "", ""}});
      continue;
    }
    for (const std::string_view name : transport.links) {
      if (!agent) {
        auto spawned = AgentProcess::spawn("probing agent", nullptr);
        if (!spawned) return tl::make_unexpected(spawned.error());
        agent = std::move(*spawned);
      }
      const Link link{std::string(name), ""};
      auto availability = ask(*agent, transport, link);
      if (!availability) {
        agent.reset();
        availability = Availability{Status::no_device, availability.error().message(), ""};
      }
      rows.push_back({&transport, link, std::move(*availability)});
    }
  }
  return rows;
}

}  // namespace xover
