// Questions to both hosts, and their answers put where the run has them.
#include "harness/agents/two_hosts.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "harness/agents/host_protocol.h"
#include "harness/links/links.h"
#include "harness/workloads/end.h"
#include "transports/common/link_ends.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t question_bound_ns = 5'000'000'000;

// "A+B": A of this host, B of the other. One name alone is that of both.
std::string interface_of_argument(const std::string& argument, bool near) {
  const std::size_t plus = argument.find('+');
  if (plus == std::string::npos) return argument;
  return near ? argument.substr(0, plus) : argument.substr(plus + 1);
}

const std::string& known_address(const HostAddresses& host) { return host.ipv4.empty() ? host.ipv6 : host.ipv4; }

bool carries_ip(const Link& link) { return link.name == "net"; }

// People name the device of this host first, transports that of the sender.
Link by_role(Link link, Direction direction) {
  const std::size_t plus = link.argument.find('+');
  if (direction == Direction::from_peer && names_devices(link) && plus != std::string::npos)
    link.argument = link.argument.substr(plus + 1) + "+" + link.argument.substr(0, plus);
  return link;
}

Substrate weaker(Substrate one, Substrate other) { return std::max(one, other); }

// Those are made for two ends on one machine.
Result<void> check_placement(Placement placement) {
  switch (placement) {
    case Placement::automatic:
    case Placement::near_nic:
    case Placement::rx_cpu:
    case Placement::rx_sibling:
    case Placement::rx_same_l3: return {};
    default: break;
  }
  return make_error(ErrorCode::unsupported, "place workers", "the two sides are on two hosts",
                    "use --placement auto, near_nic, rx_cpu, rx_sibling or rx_same_l3");
}

Result<void> check_clocks(const Point& point, const Plan& plan) {
  if (point.workload != Workload::paced || plan.clocks_agree_within_ns > 0) return {};
  return make_error(ErrorCode::unsupported, "measure one-way latency", "the clocks of two hosts are not known to agree",
                    "use --workload pingpong, or let PTP keep both clocks (CLOCK_REALTIME) and say how well with "
                    "--clocks-agree-within 1us");
}

}  // namespace

Result<HostAccount> TwoHosts::describe_far(Agent& agent, const std::string& interface) const {
  auto reply = agent.call(
      {{"request", "describe_host"}, {"interface", interface}, {"own_address", known_address(agents_.far()->far())}},
      question_bound_ns);
  if (!reply) return tl::make_unexpected(reply.error());
  return host_account_from_json(reply->value("account", json()));
}

// Spawned anew where it has gone, as at every restart.
Result<Agent*> TwoHosts::far_agent() {
  auto pair = agents_.on(asked_->first, asked_->second);
  if (!pair) return tl::make_unexpected(pair.error());
  if (auto ready = (*pair)->make_ready(); !ready) return tl::make_unexpected(ready.error());
  return &(*pair)->far();
}

Result<const TwoHosts::Ends*> TwoHosts::ends_on(const Link& link, Direction direction) {
  asked_.emplace(link, direction);
  if (const auto known = ends_.find(link.text()); known != ends_.end()) return &known->second;
  const std::string argument = carries_ip(link) ? link.argument : std::string();
  auto near = describe_host(interface_of_argument(argument, true), known_address(agents_.far()->near()));
  if (!near) return tl::make_unexpected(near.error());
  auto agent = far_agent();
  if (!agent) return tl::make_unexpected(agent.error());
  auto far = describe_far(**agent, interface_of_argument(argument, false));
  if (!far) return tl::make_unexpected(far.error());
  peer_ = PeerHost{agents_.far()->address().text(), far->environment};
  return &ends_.emplace(link.text(), Ends{std::move(*near), std::move(*far)}).first->second;
}

Result<void> TwoHosts::settle(CellResult& cell, const Point& point, const Plan& plan) {
  if (auto possible = check_placement(point.placement); !possible) return possible;
  if (auto possible = check_clocks(point, plan); !possible) return possible;
  agents_.far()->clocks_agree_within(plan.clocks_agree_within_ns);
  const auto ends = ends_on(cell.variant.link, point.direction);
  if (!ends) return tl::make_unexpected(ends.error());
  const auto& [near, far] = **ends;
  if (carries_ip(cell.variant.link)) {
    cell.substrate = weaker(near.substrate, far.substrate);
    for (const auto& [name, value] : near.interface_facts) cell.link_facts["near_" + name] = value;
    for (const auto& [name, value] : far.interface_facts) cell.link_facts["far_" + name] = value;
    cell.link_facts["near_interface"] = near.interface;
    cell.link_facts["far_interface"] = far.interface;
  }
  return place(cell, point, **ends);
}

Result<void> TwoHosts::place(CellResult& cell, const Point& point, const Ends& ends) {
  const bool sends_here = point.direction == Direction::to_peer;
  EndPlacement here;
  here.placement = point.placement;
  here.connections = point.connections;
  here.senders = shape_of_side(point, Role::sender).ends;
  here.wait = point.wait;
  here.role = sends_here ? LinkRole::sender : LinkRole::receiver;
  here.interface = ends.near.interface;
  here.rx_queues = point.rx_queues;
  EndPlacement there = here;
  there.role = sends_here ? LinkRole::receiver : LinkRole::sender;
  there.interface = ends.far.interface;
  auto map_here = place_end(here);
  if (!map_here) return tl::make_unexpected(map_here.error());
  auto agent = far_agent();
  if (!agent) return tl::make_unexpected(agent.error());
  auto reply = (*agent)->call({{"request", "place"}, {"wanted", to_json(there)}}, question_bound_ns);
  if (!reply) return tl::make_unexpected(reply.error());
  auto map_there = core_map_from_json(reply->value("cores", json()));
  if (!map_there) return tl::make_unexpected(map_there.error());
  cell.sender_cores = sends_here ? map_here->sender_cores : map_there->sender_cores;
  cell.receiver_cores = sends_here ? map_there->receiver_cores : map_here->receiver_cores;
  if (map_here->oversubscribed) cell.warnings.push_back({WarningKind::oversubscribed, "here: " + map_here->summary});
  if (map_there->oversubscribed) cell.warnings.push_back({WarningKind::oversubscribed, "there: " + map_there->summary});
  return {};
}

void TwoHosts::tell(SampleSpec& spec) const {
  const std::string link = spec.variant.link.text();
  spec.two_hosts = true;
  spec.variant.link = by_role(spec.variant.link, spec.point.direction);
  const auto known = ends_.find(link);
  if (known == ends_.end()) return;
  const auto& [near, far] = known->second;
  const bool sends_here = spec.point.direction == Direction::to_peer;
  const HostAccount& sender = sends_here ? near : far;
  const HostAccount& receiver = sends_here ? far : near;
  spec.sender_address = sender.addresses;
  spec.receiver_address = receiver.addresses;
  if (!carries_ip(spec.variant.link)) return;
  spec.sender_interface = sender.interface;
  spec.receiver_interface = receiver.interface;
  spec.device_gathers = sender.gathers;
}

void TwoHosts::gate_before(std::span<const unsigned> far_cores) {
  if (far_cores.empty() || !asked_) return;
  const std::vector<unsigned> cores(far_cores.begin(), far_cores.end());
  if (auto agent = far_agent()) (void)(*agent)->call({{"request", "gate_before"}, {"cores", cores}}, question_bound_ns);
}

GateVerdict TwoHosts::gate_after(std::span<const unsigned> far_cores) {
  if (far_cores.empty() || !asked_) return {};
  const std::vector<unsigned> cores(far_cores.begin(), far_cores.end());
  const GateVerdict no_answer{false, 0, {}};
  const auto agent = far_agent();
  if (!agent) return no_answer;
  const auto reply = (*agent)->call({{"request", "gate_after"}, {"cores", cores}}, question_bound_ns);
  if (!reply) return no_answer;
  return gate_verdict_from_json(reply->value("verdict", json())).value_or(no_answer);
}

GateVerdict both(const GateVerdict& one, const GateVerdict& other) {
  return {one.ours && other.ours, std::min(one.efficiency, other.efficiency), one.speed};
}

}  // namespace xover
