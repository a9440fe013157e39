// Spawning and ending client hosts.
#include "harness/server/host_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/agents/spawned_process.h"

namespace xover {

namespace {

constexpr int line_fd = 3, client_fd = 4;
constexpr std::int64_t longest_look_ns = 1'000'000'000;
constexpr std::int64_t longest_silence_ns = 15'000'000'000;
constexpr std::int64_t grace_ns = 15'000'000'000;  // for the host to end a turn that is over by itself

// A copy that is out of the way of the numbers that the host has them by, so that one dup2 cannot hit the other, and
// that no other process gets.
FileDescriptor out_of_the_way(int fd) { return FileDescriptor(fcntl(fd, F_DUPFD_CLOEXEC, client_fd + 1)); }

Result<pid_t> spawn_host(int line, int client) {
  const std::array<Inherited, 2> inherited{Inherited{line, line_fd}, Inherited{client, client_fd}};
  return spawn_program(
      "/proc/self/exe",
      {"xover", "client-host", "--line-fd", std::to_string(line_fd), "--client-fd", std::to_string(client_fd)},
      inherited);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<HostProcess>> HostProcess::start(const FileDescriptor& client, const HandedClient& handed) {
  auto line = make_line();
  if (!line) return tl::make_unexpected(line.error());
  if (auto sent = send_handover(line->server.get(), handed); !sent) return tl::make_unexpected(sent.error());
  const FileDescriptor its_line = out_of_the_way(line->host.get()), its_client = out_of_the_way(client.get());
  if (!its_line || !its_client) return system_error("fcntl", "descriptors of the client host");
  const auto pid = spawn_host(its_line.get(), its_client.get());
  if (!pid) return tl::make_unexpected(pid.error());
  // By its number: glibc 2.36 declares it without extern "C".
  FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
  if (!process) {
    auto problem = system_error("pidfd_open", "client host");
    kill(*pid, SIGKILL);
    wait_for(*pid);
    return problem;
  }
  return std::unique_ptr<HostProcess>(
      new HostProcess(*pid, std::move(process), std::move(line->server), handed.limits.max_duration_ns));
}

HostProcess::HostProcess(pid_t pid, FileDescriptor process, FileDescriptor line, std::int64_t max_duration_ns)
    : pid_(pid),
      process_(std::move(process)),
      line_(std::move(line)),
      began_(monotonic_now_ns()),
      looked_at_(began_),
      longest_ns_(max_duration_ns + grace_ns) {}

HostProcess::~HostProcess() {
  if (collected_) return;
  kill(pid_, SIGKILL);
  wait_for(pid_);
}

void HostProcess::listen() {
  while (!line_closed_) {
    const auto packet = take_packet(line_.get());
    if (!packet) line_closed_ = true;
    if (!packet || !*packet) break;
    silent_ns_ = 0;
    if (!(*packet)->is_object() || !(*packet)->contains("how")) continue;
    last_word_ = ServedClient{(*packet)->value("how", ""), (*packet)->value("samples", std::uint64_t{0})};
  }
  if (line_closed_) line_.close();
}

void HostProcess::stop(const std::string& why) {
  if (line_) (void)send_packet(line_.get(), {{"stop", why}});
}

void HostProcess::look_after(MonotonicNs now) {
  silent_ns_ += std::min(now - looked_at_, longest_look_ns);
  looked_at_ = now;
  const bool silent = silent_ns_ > longest_silence_ns, too_long = now - began_ > longest_ns_;
  if (!killed_because_.empty() || (!silent && !too_long)) return;
  killed_because_ = silent ? "its host did nothing any more" : "its turn was over";
  kill(pid_, SIGKILL);
}

std::optional<ServedClient> HostProcess::ended() {
  siginfo_t info{};
  const bool has_ended = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  if (!has_ended || info.si_pid != pid_) return std::nullopt;
  listen();
  const int status = wait_for(pid_);
  collected_ = true;
  if (last_word_) return last_word_;
  if (!killed_because_.empty()) return ServedClient{killed_because_ + ", and was killed"};
  return ServedClient{"its host was " + describe_ending(status)};
}

}  // namespace xover
