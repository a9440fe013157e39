// Member by member; JsonPlace keeps what is wrong first.
#include "harness/agents/host_protocol.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "harness/reports/json_place.h"

namespace xover {

using nlohmann::json;

namespace {

template <typename Read>
auto whole(const char* what, const json& value, Read read) -> Result<decltype(read(std::declval<JsonPlace>()))> {
  JsonProblem problem(value);
  auto result = read(JsonPlace(value, problem));
  if (problem)
    return make_error(ErrorCode::bad_input, std::string("read ") + what, problem.where() + ": " + problem.what());
  return result;
}

template <typename Enum>
unsigned number_of(Enum value) {
  return static_cast<unsigned>(value);
}

template <typename Enum>
Enum enum_from(const JsonPlace& place, Enum last) {
  return static_cast<Enum>(place.count(static_cast<std::uint64_t>(last)));
}

template <typename Number>
std::vector<Number> numbers_from(const JsonPlace& list) {
  std::vector<Number> numbers;
  list.each_element([&](const JsonPlace& each) {
    numbers.push_back(static_cast<Number>(each.count(std::numeric_limits<Number>::max())));
  });
  return numbers;
}

std::uint16_t port_from(const JsonPlace& place) { return static_cast<std::uint16_t>(place.count(UINT16_MAX)); }

}  // namespace

json to_json(const HostAccount& account) {
  return {{"environment", account.environment.facts},
          {"interface", account.interface},
          {"interface_facts", account.interface_facts},
          {"ipv4", account.addresses.ipv4},
          {"ipv6", account.addresses.ipv6},
          {"substrate", number_of(account.substrate)},
          {"gathers", account.gathers}};
}

Result<HostAccount> host_account_from_json(const json& value) {
  return whole("account of a host", value, [](const JsonPlace& place) {
    HostAccount account;
    account.environment.facts = place["environment"].texts();
    account.interface = place["interface"].text();
    account.interface_facts = place["interface_facts"].texts();
    account.addresses = {place["ipv4"].text(), place["ipv6"].text()};
    account.substrate = enum_from(place["substrate"], Substrate::simulated);
    account.gathers = place["gathers"].flag();
    return account;
  });
}

json to_json(const EndPlacement& wanted) {
  return {
      {"placement", number_of(wanted.placement)}, {"connections", wanted.connections}, {"senders", wanted.senders},
      {"wait", number_of(wanted.wait)},           {"end", number_of(wanted.role)},     {"interface", wanted.interface},
      {"rx_queues", number_of(wanted.rx_queues)}};
}

Result<EndPlacement> end_placement_from_json(const json& value) {
  return whole("placement", value, [](const JsonPlace& place) {
    EndPlacement wanted;
    wanted.placement = enum_from(place["placement"], last_placement);
    wanted.connections = static_cast<unsigned>(place["connections"].count(most_placed_connections));
    wanted.senders = place["senders"].count32();
    wanted.wait = enum_from(place["wait"], Wait::spin);
    wanted.role = enum_from(place["end"], LinkRole::receiver);
    wanted.interface = place["interface"].text();
    wanted.rx_queues = enum_from(place["rx_queues"], RxQueues::one);
    return wanted;
  });
}

json to_json(const CoreMap& map) {
  return {{"sender_cores", map.sender_cores},
          {"receiver_cores", map.receiver_cores},
          {"oversubscribed", map.oversubscribed},
          {"summary", map.summary}};
}

Result<CoreMap> core_map_from_json(const json& value) {
  return whole("cores", value, [](const JsonPlace& place) {
    CoreMap map;
    map.sender_cores = numbers_from<unsigned>(place["sender_cores"]);
    map.receiver_cores = numbers_from<unsigned>(place["receiver_cores"]);
    map.oversubscribed = place["oversubscribed"].flag();
    map.summary = place["summary"].text();
    return map;
  });
}

json to_json(const WantedPorts& wanted) {
  return {{"source", wanted.source},
          {"destination", wanted.destination},
          {"destination_ports", wanted.destination_ports},
          {"udp", wanted.udp},
          {"choice", number_of(wanted.choice)},
          {"first", wanted.range.first},
          {"last", wanted.range.last},
          {"seed", wanted.seed}};
}

Result<WantedPorts> wanted_ports_from_json(const json& value) {
  return whole("wanted ports", value, [](const JsonPlace& place) {
    WantedPorts wanted;
    wanted.source = place["source"].text();
    wanted.destination = place["destination"].text();
    wanted.destination_ports = numbers_from<std::uint16_t>(place["destination_ports"]);
    wanted.udp = place["udp"].flag();
    wanted.choice = enum_from(place["choice"], QueueChoice::one);
    wanted.range = {port_from(place["first"]), port_from(place["last"])};
    wanted.seed = place["seed"].count();
    return wanted;
  });
}

json to_json(const SourcePorts& ports) { return {{"ports", ports.ports}, {"queues", ports.queues}}; }

Result<SourcePorts> source_ports_from_json(const json& value) {
  return whole("source ports", value, [](const JsonPlace& place) {
    return SourcePorts{numbers_from<std::uint16_t>(place["ports"]), numbers_from<std::uint32_t>(place["queues"])};
  });
}

json to_json(const GateVerdict& verdict) { return {{"ours", verdict.ours}, {"efficiency", verdict.efficiency}}; }

Result<GateVerdict> gate_verdict_from_json(const json& value) {
  return whole("gate", value, [](const JsonPlace& place) {
    GateVerdict verdict;
    verdict.ours = place["ours"].flag();
    verdict.efficiency = place["efficiency"].number();
    return verdict;
  });
}

}  // namespace xover
