// The protocol between coordinator and agent: requests and replies as JSON texts, the version in the first exchange.
// Parsing is total: any text gives a value or an error.
//
//   hello            -> version
//   make_link        -> a link made in namespaces of its own: what it is, and where its descriptors are
//   enter_namespaces moves the agent to one end of such a link
//   probe            -> availability of one transport on one link
//   open_receiver    -> addresses, one for each connection; accepts behind the scenes
//   open_sender      connects to them
//   start_phase      receiver: ready for `start_ns`
//   run_phase        sender: sends for the duration, drains -> messages sent on each connection
//   finish_phase     receiver: told those counts, waits for the last of them
//   report           either side: what it did in the last phase
//   close_sample     either side: ends its sessions
//   virtual_sample   a whole sample in virtual time, both sides in this agent -> what each side did
//   describe_host, place, choose_ports, gate_before, gate_after: of the agent's host, see host_protocol.h
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/transport.h"
#include "harness/agents/sample.h"
#include "harness/links/make_link.h"

namespace xover {

inline constexpr int protocol_version = 5;

nlohmann::json to_json(const Error& error);
Error error_from_json(const nlohmann::json& json);

nlohmann::json to_json(const Availability& availability);
Result<Availability> availability_from_json(const nlohmann::json& json);

nlohmann::json to_json(const Link& link);
Result<Link> link_from_json(const nlohmann::json& json);

// A made link as its maker tells of it: the numbers of its descriptors there, -1 where it has none.
struct LinkAccount {
  MadeLink link;  // without descriptors
  int user_fd = -1, sender_fd = -1, receiver_fd = -1;
};
nlohmann::json to_json(const MadeLink& link);
Result<LinkAccount> made_link_from_json(const nlohmann::json& json);

nlohmann::json to_json(const SampleSpec& spec);
Result<SampleSpec> sample_spec_from_json(const nlohmann::json& json);

nlohmann::json to_json(const SideReport& report);
Result<SideReport> side_report_from_json(const nlohmann::json& json);

// Replies: {"ok": true, ...} or {"ok": false, "error": {...}}.
nlohmann::json failed_reply(const Error& error);

}  // namespace xover
