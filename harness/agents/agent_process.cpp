// Spawning, asking and ending agents.
#include "harness/agents/agent_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"
#include "harness/agents/spawned_process.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr int agent_fd = 3;
constexpr std::int64_t hello_bound_ns = 10'000'000'000;

std::string& agent_program() {
  static std::string path = "/proc/self/exe";
  return path;
}

Result<pid_t> spawn_agent(int socket) {
  const Inherited control{socket, agent_fd};
  return spawn_program(agent_program(), {"xover", "agent", "--control-fd", std::to_string(agent_fd)}, {&control, 1});
}

}  // namespace

void set_agent_program(std::string path) { agent_program() = std::move(path); }

Result<std::unique_ptr<AgentProcess>> AgentProcess::spawn(std::string name, StopRequested stop_requested) {
  std::array<int, 2> sockets;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) < 0) return system_error("socketpair", name);
  // A socket that already has the agent's number would keep its close-on-exec flag through dup2.
  if (sockets[1] == agent_fd) sockets[1] = fcntl(sockets[1], F_DUPFD_CLOEXEC, agent_fd + 1), close(agent_fd);
  auto pid = spawn_agent(sockets[1]);
  close(sockets[1]);
  if (!pid) {
    close(sockets[0]);
    return tl::make_unexpected(pid.error());
  }
  std::unique_ptr<AgentProcess> agent(new AgentProcess(std::move(name), *pid, sockets[0], std::move(stop_requested)));
  auto hello = agent->call({{"request", "hello"}}, hello_bound_ns);
  if (!hello) return tl::make_unexpected(hello.error());
  if (hello->value("version", 0) != protocol_version)
    return make_error(
        ErrorCode::unsupported, "greet " + agent->name_,
        fmt::format("it speaks protocol version {}, this program {}", hello->value("version", 0), protocol_version),
        "use the same xover on both ends");
  return agent;
}

AgentProcess::~AgentProcess() {
  if (ending()) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<std::string> AgentProcess::ending() {
  if (ending_) return ending_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) ending_ = describe_ending(status);
  return ending_;
}

Result<void> AgentProcess::still_wanted(Agent* other) {
  if (stop_requested_ && stop_requested_()) return make_error(ErrorCode::cancelled, "stopped on request");
  if (other == nullptr) return {};
  if (const auto ended = other->ending()) return make_error(ErrorCode::peer_died, other->name(), *ended);
  return {};
}

Result<json> AgentProcess::call(const json& request, std::int64_t bound_ns, Agent* other) {
  if (other == this) other = nullptr;  // both sides in one process
  const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
  if (auto sent = control_.send(request.dump(), deadline); !sent)
    return tl::make_unexpected(death_of(*this, sent.error()));
  auto reply = control_.receive(deadline, [&] { return still_wanted(other); });
  if (!reply) {
    if (reply.error().code == ErrorCode::timed_out)
      return make_error(
          ErrorCode::timed_out, name_,
          fmt::format("no answer to {} within {} s", request.value("request", ""), bound_ns / 1'000'000'000));
    const bool of_the_other = other != nullptr && reply.error().operation == other->name();
    if (reply.error().code != ErrorCode::peer_died || of_the_other) return tl::make_unexpected(reply.error());
    return tl::make_unexpected(death_of(*this, reply.error()));
  }
  return read_reply(json::parse(*reply, nullptr, false), *this, other);
}

}  // namespace xover
