// JSON for what is asked of a host and what it answers: host_account.h. Parsing is total.
//
//   describe_host   {interface, own_address}        -> the account of that host
//   place           where the workers of one end go -> their cores
//   choose_ports    for connections that end there  -> source ports, and the queues that they lead to
//   gate_before, gate_after  {cores}                -> were they that host's alone: see measurement/round_gate.h
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/agents/host_account.h"
#include "harness/measurement/round_gate.h"

namespace xover {

nlohmann::json to_json(const HostAccount& account);
Result<HostAccount> host_account_from_json(const nlohmann::json& json);

nlohmann::json to_json(const EndPlacement& wanted);
Result<EndPlacement> end_placement_from_json(const nlohmann::json& json);
nlohmann::json to_json(const CoreMap& map);
Result<CoreMap> core_map_from_json(const nlohmann::json& json);

nlohmann::json to_json(const WantedPorts& wanted);
Result<WantedPorts> wanted_ports_from_json(const nlohmann::json& json);
nlohmann::json to_json(const SourcePorts& ports);
Result<SourcePorts> source_ports_from_json(const nlohmann::json& json);

nlohmann::json to_json(const GateVerdict& verdict);
Result<GateVerdict> gate_verdict_from_json(const nlohmann::json& json);

}  // namespace xover
