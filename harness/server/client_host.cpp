// One loop, and what must go on while an agent is waited for: signs of life in both directions, clocks, the end of a
// wait that nobody wants any more, the server's and the client's own end.
#include "harness/server/client_host.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/units.h"
#include "harness/agents/protocol.h"
#include "harness/experiment/bad_input.h"
#include "harness/server/client_agents.h"
#include "harness/server/client_line.h"
#include "harness/server/clock_reply.h"
#include "harness/server/handover.h"
#include "harness/server/relay.h"
#include "transports/common/timespec.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr MonotonicNs beat_ns = 1'000'000'000;
constexpr MonotonicNs look_at_agents_ns = 50'000'000;
constexpr int most_requests_at_once = 64;  // so that a client that never stops does not stop everything else
constexpr std::size_t longest_agent_name = 64;

class ClientHost {
 public:
  ClientHost(FileDescriptor line, FileDescriptor socket, HandedClient handed)
      : line_(std::move(line)),
        limits_(handed.limits),
        client_(std::move(socket), handed),
        agents_(limits_.max_agents, [this] { return tend(), over() || end_of_asked_.has_value(); }) {}

  void serve();

 private:
  // While an agent is waited for; whatever ends that.
  struct WaitForAgent {
    explicit WaitForAgent(ClientHost& waiting) : host(waiting) { host.waits_for_agent_ = true; }
    ~WaitForAgent() {
      host.waits_for_agent_ = false;
      host.asked_.reset();
      host.end_of_asked_.reset();
      host.last_request_ = monotonic_now_ns();
    }
    WaitForAgent(const WaitForAgent&) = delete;
    WaitForAgent& operator=(const WaitForAgent&) = delete;
    ClientHost& host;
  };

  bool over() const { return how_.has_value(); }
  // `told`: whether the client is told so before the connection is closed.
  void end(std::string how, bool told);
  void end_after(const Error& error);

  void wait_for_something() const;
  // All that is to be done besides a request. Also called while an agent is waited for.
  void tend();
  void beat();
  void look_at_line();
  void look_at_agents();
  void look_at_limits();
  void look_at_client();

  void serve_request(const json& request);
  json answer(const std::string& name, const json& request, std::uint64_t id);
  json start_agent(const json& request);
  json ask(const json& request);
  json end_agent(const json& request, std::uint64_t id);
  void reply(std::uint64_t id, json answer);
  void tell(const json& text);

  FileDescriptor line_;
  ClientLimits limits_;
  ClientLine client_;
  ClientAgents agents_;
  bool waits_for_agent_ = false;
  bool client_said_more_ = false;              // than was looked at
  std::optional<ClientAgents::Number> asked_;  // while it is
  std::optional<std::uint64_t> end_of_asked_;  // the id of the request to end it, which is answered after the ask
  std::uint64_t samples_ = 0;
  MonotonicNs began_ = monotonic_now_ns(), last_request_ = began_, next_beat_ = began_;
  std::optional<std::string> how_;  // it ended
  bool told_ = false;
  std::optional<std::uint64_t> goodbye_;  // the id of the request
};

json done() { return {{"ok", true}}; }

// Agents go first, so that whoever reads the last word knows that nothing of this client is left here.
void ClientHost::serve() {
  tell({{"event", "turn"}});
  while (!over()) {
    wait_for_something();
    tend();
  }
  agents_.end_all();
  if (goodbye_) reply(*goodbye_, done());
  if (told_) (void)client_.send({{"event", "closing"}, {"why", *how_}});
  client_.finish();
  (void)send_packet(line_.get(), {{"how", *how_}, {"samples", samples_}});
}

void ClientHost::end(std::string how, bool told) {
  if (over()) return;
  how_ = std::move(how);
  told_ = told;
}

void ClientHost::end_after(const Error& error) {
  const bool gone = error.code == ErrorCode::peer_died;
  end(gone ? "the client has gone: " + error.message() : error.message(), !gone);
}

void ClientHost::wait_for_something() const {
  if (client_said_more_) return;
  const MonotonicNs now = monotonic_now_ns();
  MonotonicNs until = next_beat_;
  if (agents_.any_runs()) until = std::min(until, now + look_at_agents_ns);
  const timespec timeout = to_timespec(std::max<MonotonicNs>(until - now, 0));
  pollfd watched[] = {{client_.socket(), POLLIN, 0}, {line_.get(), POLLIN, 0}};
  (void)ppoll(watched, 2, &timeout, nullptr);
}

void ClientHost::tend() {
  if (over()) return;
  look_at_line();
  look_at_client();
  look_at_agents();
  look_at_limits();
  beat();
}

void ClientHost::beat() {
  const MonotonicNs now = monotonic_now_ns();
  if (over() || now < next_beat_) return;
  next_beat_ = now + beat_ns;
  (void)send_packet(line_.get(), {{"beat", true}});
  tell({{"event", "alive"}});
}

void ClientHost::look_at_line() {
  const auto packet = take_packet(line_.get());
  if (!packet) return end("the server has gone", true);
  if (*packet && (*packet)->is_object()) end((*packet)->value("stop", "the server is closing"), true);
}

void ClientHost::look_at_agents() {
  agents_.tell_of_deaths([this](ClientAgents::Number number, const std::string& how) {
    tell({{"event", "agent_ended"}, {"agent", number}, {"how", how}});
  });
}

void ClientHost::look_at_limits() {
  const MonotonicNs now = monotonic_now_ns();
  if (now - began_ > limits_.max_duration_ns)
    end(fmt::format("its turn has taken {}; the server allows no more (--max-duration)",
                    format_duration(limits_.max_duration_ns)),
        true);
  if (!waits_for_agent_ && now - last_request_ > limits_.idle_limit_ns)
    end(fmt::format("it asked for nothing in {} (--idle-limit)", format_duration(limits_.idle_limit_ns)), true);
}

void ClientHost::look_at_client() {
  client_said_more_ = false;
  for (int i = 0; i < most_requests_at_once && !over(); ++i) {
    const auto request = client_.take();
    if (!request) return end_after(request.error());
    if (!*request) return;
    serve_request(**request);
  }
  client_said_more_ = true;
}

void ClientHost::serve_request(const json& request) {
  const auto id = request.find("id"), name = request.find("request");
  if (id == request.end() || !id->is_number_unsigned() || name == request.end() || !name->is_string())
    return end("it sent what is no request", true);
  last_request_ = monotonic_now_ns();
  json answered;
  try {
    answered = answer(name->get<std::string>(), request, id->get<std::uint64_t>());
  } catch (const std::exception& problem) {
    answered = failed_reply(Error{ErrorCode::bad_input, 0, "serve request", problem.what(), ""});
  }
  if (!answered.is_null()) reply(id->get<std::uint64_t>(), std::move(answered));
}

// Null: it is answered later.
json ClientHost::answer(const std::string& name, const json& request, std::uint64_t id) {
  if (name == "clock") return clock_reply();
  if (name == "end_agent") return end_agent(request, id);
  if (name == "bye") {
    goodbye_ = id;
    end("it said goodbye", false);
    return {};
  }
  if (name != "ask" && name != "start_agent")
    return failed_reply(bad_input("serve request", in_quotes(name) + " is unknown").value());
  if (waits_for_agent_)
    return failed_reply(
        Error{ErrorCode::refused, 0, "serve request", "an agent is being waited for; one at a time", ""});
  const WaitForAgent wait(*this);
  return name == "ask" ? ask(request) : start_agent(request);
}

json ClientHost::start_agent(const json& request) {
  auto name = request.value("name", "agent");
  name.resize(std::min(name.size(), longest_agent_name));
  const auto number = agents_.start(name);
  if (!number) return failed_reply(number.error());
  return {{"ok", true}, {"agent", *number}};
}

json ClientHost::ask(const json& request) {
  const auto number = request.at("agent").get<ClientAgents::Number>();
  const auto& body = request.at("body");
  const auto bound_ns =
      std::clamp<std::int64_t>(request.at("bound_ns").get<std::int64_t>(), 0, limits_.max_duration_ns);
  if (auto allowed = check_request(body, limits_); !allowed) return failed_reply(allowed.error());

  asked_ = number;
  auto answered = agents_.ask(number, body, bound_ns);
  asked_.reset();
  look_at_agents();
  const auto to_be_ended = std::exchange(end_of_asked_, std::nullopt);
  if (answered && opens_sample(body)) ++samples_;
  json result = answered ? json{{"ok", true}, {"reply", std::move(*answered)}} : failed_reply(answered.error());
  if (!to_be_ended) return result;
  reply(request.at("id").get<std::uint64_t>(), std::move(result));
  const auto ended = agents_.end(number);
  reply(*to_be_ended, ended ? done() : failed_reply(ended.error()));
  return {};
}

json ClientHost::end_agent(const json& request, std::uint64_t id) {
  const auto number = request.at("agent").get<ClientAgents::Number>();
  if (asked_ == number && !end_of_asked_) {
    end_of_asked_ = id;
    return {};
  }
  const auto ended = agents_.end(number);
  return ended ? done() : failed_reply(ended.error());
}

void ClientHost::reply(std::uint64_t id, json answer) {
  answer["id"] = id;
  tell(answer);
}

void ClientHost::tell(const json& text) {
  if (auto sent = client_.send(text); !sent) end("the client has gone: " + sent.error().message(), false);
}

// What is inherited here must not be by agents, and Ctrl-C is for the server to act on.
void begin_as_child(int line_fd, int client_fd) {
  for (const int fd : {line_fd, client_fd}) fcntl(fd, F_SETFD, FD_CLOEXEC);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace

int client_host_main(int line_fd, int client_fd) {
  begin_as_child(line_fd, client_fd);
  FileDescriptor line(line_fd), client(client_fd);
  auto handed = receive_handover(line.get());
  if (!handed) return 1;
  ClientHost(std::move(line), std::move(client), std::move(*handed)).serve();
  return 0;
}

}  // namespace xover
