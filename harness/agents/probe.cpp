// Probing in a spawned process, because a probe does the thing and some things can be done once in a process only, or
// end it.
#include "harness/agents/probe.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"
#include "transports/common/link_ends.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t probe_bound_ns = 10'000'000'000;

Result<Availability> ask(Agent& agent, const Descriptor& transport, const Link& link) {
  auto reply = agent.call({{"request", "probe"}, {"id", transport.id}, {"link", to_json(link)}}, probe_bound_ns);
  if (!reply) return tl::make_unexpected(reply.error());
  return availability_from_json(reply->value("availability", json()));
}

// Not what somebody did to the process that makes the link, nor what a person wrote wrongly.
bool says_what_can_run(const Error& error) {
  return error.code != ErrorCode::cancelled && error.code != ErrorCode::peer_died &&
         error.code != ErrorCode::timed_out && error.code != ErrorCode::bad_input;
}

// Whose word it is, where that could be one of two.
Availability named(Availability availability, bool two_hosts, const Agent& agent) {
  if (two_hosts) availability.cause = agent.name() + ": " + availability.cause;
  return availability;
}

Availability probe_link(AgentPairs& agents, const LinkDescriptor& link) {
  if (!link.made) return {};
  const Link wanted{.name = std::string(link.name)};
  if (link.takes_argument()) return link_support(wanted);
  const auto pair = agents.on(wanted);
  return pair ? Availability{} : availability_of(pair.error());
}

// The transport on each of its links that was probed.
void probe_rows(AgentPairs& agents, const Descriptor& transport, Probed& probed) {
  for (const std::string_view name : transport.links) {
    const auto known =
        std::ranges::find_if(probed.links, [&](const ProbedLink& link) { return link.link->name == name; });
    if (known == probed.links.end() || (known->link->made && known->link->takes_argument())) continue;
    ProbedRow row{&transport, Link{.name = std::string(name)}, known->availability};
    if (row.availability.usable()) {
      const auto availability = probe_one(agents, transport, row.link);
      row.availability = availability ? *availability : availability_of(availability.error());
    }
    probed.rows.push_back(std::move(row));
  }
}

// A link that is not made is there as far as a transport can use it.
void probe_unmade(Probed& probed) {
  for (ProbedLink& link : probed.links) {
    if (link.link->made) continue;
    const auto here = [&](const ProbedRow& row) { return row.link.name == link.link->name; };
    const auto first = std::ranges::find_if(probed.rows, here);
    const bool usable =
        std::ranges::any_of(probed.rows, [&](const ProbedRow& row) { return here(row) && row.availability.usable(); });
    if (!usable && first != probed.rows.end()) link.availability = first->availability;
  }
}

}  // namespace

Result<Availability> probe_one(AgentPairs& agents, const Descriptor& transport, const Link& link) {
  auto pair = agents.on(link);
  if (!pair && says_what_can_run(pair.error())) return availability_of(pair.error());
  if (!pair) return tl::make_unexpected(pair.error());
  if (auto ready = (*pair)->make_ready(); !ready) return tl::make_unexpected(ready.error());
  const bool two_hosts = agents.far() != nullptr && leads_to_peer(link);
  for (const LinkRole role : {LinkRole::sender, LinkRole::receiver}) {
    Agent* const agent = role == LinkRole::sender ? &(*pair)->sender() : &(*pair)->receiver();
    auto availability = ask(*agent, transport, two_hosts ? end_of(link, role) : link);
    if (!availability) (*pair)->drop();
    if (!availability || !availability->usable())
      return availability ? named(*availability, two_hosts, *agent) : availability;
    if (!two_hosts) break;
  }
  return Availability{};
}

Probed probe_all(RemoteHost* far) {
  Probed probed;
  AgentPairs agents(nullptr, far);
  for (const LinkDescriptor& link : links()) probed.links.push_back({&link, probe_link(agents, link)});
  for (const Descriptor& transport : transports()) probe_rows(agents, transport, probed);
  probe_unmade(probed);
  return probed;
}

}  // namespace xover
