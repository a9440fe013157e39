// The agent's main loop: one request, one reply, in order. Everything that a sample holds is dropped when the next one
// begins or the coordinator goes.
#include "harness/agents/agent_main.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "harness/agents/control_channel.h"
#include "harness/agents/host_protocol.h"
#include "harness/agents/protocol.h"
#include "harness/agents/sample_side.h"
#include "harness/links/make_link.h"
#include "harness/links/namespaces.h"
#include "harness/measurement/round_gate.h"
#include "harness/workloads/virtual_run.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t send_bound_ns = 10'000'000'000;

class Agent {
 public:
  json serve(const json& request);

 private:
  json make_link(const json& request);
  json enter_namespaces(const json& request);
  json probe(const json& request);
  json open_receiver(const json& request);
  json open_sender(const json& request);
  json start_phase(const json& request);
  json run_phase(const json& request);
  json finish_phase(const json& request);
  json report(const json& request);
  json close_sample(const json& request);
  json virtual_sample(const json& request);
  json describe_host(const json& request);
  json place(const json& request);
  json choose_ports(const json& request);
  json gate_before(const json& request);
  json gate_after(const json& request);

  // `inproc` and its like have both sides in one agent.
  std::unique_ptr<SampleSide>& side(const json& request) {
    return request.at("role").get<std::string>() == "sender" ? sender_ : receiver_;
  }

  MadeLink made_;  // keeps its namespaces until the coordinator has taken them over
  std::unique_ptr<SampleSide> sender_, receiver_;
  RoundGate gate_;
};

json done() { return {{"ok", true}}; }

json done_or(const Result<void>& result) { return result ? done() : failed_reply(result.error()); }

PhaseOrder order_from(const json& request) {
  PhaseOrder order;
  request.at("number").get_to(order.number);
  request.at("start_ns").get_to(order.start_ns);
  request.at("duration_ns").get_to(order.duration_ns);
  return order;
}

json Agent::make_link(const json& request) {
  auto made = link_from_json(request.at("link")).and_then(xover::make_link);
  if (!made) return failed_reply(made.error());
  made_ = std::move(*made);
  return {{"ok", true}, {"link", to_json(made_)}};
}

json Agent::enter_namespaces(const json& request) {
  const auto holder = request.at("holder").get<pid_t>();
  const auto user = take_descriptor(holder, request.at("user").get<int>());
  if (!user) return failed_reply(user.error());
  const auto net = take_descriptor(holder, request.at("net").get<int>());
  if (!net) return failed_reply(net.error());
  return done_or(xover::enter_namespaces(user->get(), net->get()));
}

json Agent::probe(const json& request) {
  const auto id = request.at("id").get<std::string>();
  const Descriptor* transport = find_transport(id);
  if (transport == nullptr) return failed_reply(Error{ErrorCode::bad_input, 0, "probe", id, ""});
  const auto link = link_from_json(request.at("link"));
  if (!link) return failed_reply(link.error());
  return {{"ok", true}, {"availability", to_json(transport->probe(*link))}};
}

json Agent::open_receiver(const json& request) {
  receiver_.reset();
  auto spec = sample_spec_from_json(request.at("spec"));
  if (!spec) return failed_reply(spec.error());
  receiver_ = std::make_unique<SampleSide>(*spec, Role::receiver);
  auto addresses = receiver_->open_receiver();
  if (!addresses) return failed_reply(addresses.error());
  return {{"ok", true}, {"addresses", *addresses}};
}

json Agent::open_sender(const json& request) {
  sender_.reset();
  auto spec = sample_spec_from_json(request.at("spec"));
  if (!spec) return failed_reply(spec.error());
  sender_ = std::make_unique<SampleSide>(*spec, Role::sender);
  return done_or(sender_->open_sender(request.at("addresses").get<std::vector<std::string>>()));
}

json Agent::start_phase(const json& request) { return done_or(receiver_->start_phase(order_from(request))); }

json Agent::run_phase(const json& request) {
  auto messages = sender_->run_phase(order_from(request));
  if (!messages) return failed_reply(messages.error());
  return {{"ok", true}, {"messages", *messages}};
}

json Agent::finish_phase(const json& request) {
  return done_or(receiver_->finish_phase(request.at("messages").get<std::vector<std::uint64_t>>()));
}

json Agent::report(const json& request) { return {{"ok", true}, {"report", to_json(side(request)->report())}}; }

json Agent::close_sample(const json& request) {
  side(request).reset();
  return done();
}

json Agent::virtual_sample(const json& request) {
  const auto sample = sample_spec_from_json(request.at("spec")).and_then(run_in_virtual_time);
  if (!sample) return failed_reply(sample.error());
  return {{"ok", true}, {"sender", to_json(sample->sender)}, {"receiver", to_json(sample->receiver)}};
}

json Agent::describe_host(const json& request) {
  const auto account =
      xover::describe_host(request.at("interface").get<std::string>(), request.at("own_address").get<std::string>());
  if (!account) return failed_reply(account.error());
  return {{"ok", true}, {"account", to_json(*account)}};
}

json Agent::place(const json& request) {
  const auto map = end_placement_from_json(request.at("wanted")).and_then(place_end);
  if (!map) return failed_reply(map.error());
  return {{"ok", true}, {"cores", to_json(*map)}};
}

json Agent::choose_ports(const json& request) {
  const auto wanted = wanted_ports_from_json(request.at("wanted"));
  if (!wanted) return failed_reply(wanted.error());
  const auto ports = xover::choose_ports(request.at("interface").get<std::string>(), *wanted);
  if (!ports) return failed_reply(ports.error());
  return {{"ok", true}, {"ports", to_json(*ports)}};
}

// At least one.
std::vector<unsigned> cores_from(const json& request) {
  auto cores = request.at("cores").get<std::vector<unsigned>>();
  if (cores.empty()) throw std::out_of_range("no cores");
  return cores;
}

json Agent::gate_before(const json& request) {
  gate_.before(cores_from(request));
  return done();
}

json Agent::gate_after(const json& request) {
  return {{"ok", true}, {"verdict", to_json(gate_.after(cores_from(request)))}};
}

json Agent::serve(const json& request) {
  using Handler = json (Agent::*)(const json&);
  static const std::map<std::string, Handler> handlers{{"make_link", &Agent::make_link},
                                                       {"enter_namespaces", &Agent::enter_namespaces},
                                                       {"probe", &Agent::probe},
                                                       {"open_receiver", &Agent::open_receiver},
                                                       {"open_sender", &Agent::open_sender},
                                                       {"start_phase", &Agent::start_phase},
                                                       {"run_phase", &Agent::run_phase},
                                                       {"finish_phase", &Agent::finish_phase},
                                                       {"report", &Agent::report},
                                                       {"close_sample", &Agent::close_sample},
                                                       {"virtual_sample", &Agent::virtual_sample},
                                                       {"describe_host", &Agent::describe_host},
                                                       {"place", &Agent::place},
                                                       {"choose_ports", &Agent::choose_ports},
                                                       {"gate_before", &Agent::gate_before},
                                                       {"gate_after", &Agent::gate_after}};
  const auto name = request.at("request").get<std::string>();
  if (name == "hello") return {{"ok", true}, {"version", protocol_version}};
  const auto handler = handlers.find(name);
  if (handler == handlers.end()) return failed_reply(Error{ErrorCode::bad_input, 0, "serve request", name, ""});
  return (this->*handler->second)(request);
}

// What a request throws (a missing key, no memory) is an answer, not the end of the agent.
std::string reply_to(Agent& agent, const std::string& text) {
  try {
    return agent.serve(json::parse(text)).dump();
  } catch (const std::exception& problem) {
    return failed_reply(Error{ErrorCode::internal, 0, "serve request", problem.what(), ""}).dump();
  }
}

// Ctrl-C reaches the whole terminal group; the coordinator alone decides what it means. And when the coordinator is
// killed the kernel ends its agents, whatever their threads are doing.
void obey_the_coordinator() {
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of its write
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace

int agent_main(int control_fd) {
  obey_the_coordinator();
  ControlChannel control(control_fd);
  Agent agent;
  for (;;) {
    const auto request = control.receive(INT64_MAX, [] { return Result<void>(); });
    if (!request) break;  // the coordinator has gone
    if (!control.send(reply_to(agent, *request), monotonic_now_ns() + send_bound_ns)) break;
  }
  _exit(0);  // workers may be in the middle of a phase: what they hold goes with the process
}

}  // namespace xover
