// Probing in a spawned process, because a probe does the thing and some things can be done once in a process only, or
// end it.
#include "harness/agents/probe.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t probe_bound_ns = 10'000'000'000;

Result<Availability> ask(AgentProcess& agent, const Descriptor& transport, const Link& link) {
  auto reply = agent.call({{"request", "probe"}, {"id", transport.id}, {"link", to_json(link)}}, probe_bound_ns);
  if (!reply) return tl::make_unexpected(reply.error());
  return availability_from_json(reply->value("availability", json()));
}

Result<ProbedLink> probe_link(AgentPairs& agents, const LinkDescriptor& link) {
  if (!link.made) return ProbedLink{&link, {}};
  const Link wanted{.name = std::string(link.name)};
  if (link.takes_argument) return ProbedLink{&link, link_support(wanted)};
  const auto pair = agents.on(wanted);
  if (pair) return ProbedLink{&link, {}};
  if (pair.error().code == ErrorCode::cancelled) return tl::make_unexpected(pair.error());
  return ProbedLink{&link, availability_of(pair.error())};
}

// The transport on each of its links that was probed.
Result<void> probe_rows(AgentPairs& agents, const Descriptor& transport, Probed& probed) {
  for (const std::string_view name : transport.links) {
    const auto known =
        std::ranges::find_if(probed.links, [&](const ProbedLink& link) { return link.link->name == name; });
    if (known == probed.links.end() || known->link->takes_argument) continue;
    ProbedRow row{&transport, Link{.name = std::string(name)}, known->availability};
    if (row.availability.usable()) {
      auto availability = probe_one(agents, transport, row.link);
      if (!availability && availability.error().code == ErrorCode::cancelled)
        return tl::make_unexpected(availability.error());
      row.availability =
          availability ? std::move(*availability) : Availability{Status::no_device, availability.error().message(), ""};
    }
    probed.rows.push_back(std::move(row));
  }
  return {};
}

}  // namespace

Result<Availability> probe_one(AgentPairs& agents, const Descriptor& transport, const Link& link) {
  auto pair = agents.on(link);
  if (!pair && pair.error().code != ErrorCode::cancelled) return availability_of(pair.error());
  if (!pair) return tl::make_unexpected(pair.error());
  if (auto ready = (*pair)->make_ready(); !ready) return tl::make_unexpected(ready.error());
  auto availability = ask((*pair)->sender(), transport, link);
  if (!availability) (*pair)->drop();
  return availability;
}

Result<Probed> probe_all() {
  Probed probed;
  AgentPairs agents(nullptr);
  for (const LinkDescriptor& link : links()) {
    if (link.planned) continue;
    auto probed_link = probe_link(agents, link);
    if (!probed_link) return tl::make_unexpected(probed_link.error());
    probed.links.push_back(std::move(*probed_link));
  }
  for (const Descriptor& transport : transports()) {
    if (transport.planned()) {
      probed.rows.push_back({&transport, Link{.name = ""}, Availability{Status::planned, "", ""}});
    } else if (auto done = probe_rows(agents, transport, probed); !done) {
      return tl::make_unexpected(done.error());
    }
  }
  return probed;
}

}  // namespace xover
