// modprobe, as a process that is waited for.
#include "harness/links/ifb_driver.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

extern char** environ;

namespace xover {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds bound{5};
constexpr std::chrono::milliseconds nap{5};

void wait_or_kill(pid_t process) {
  const auto deadline = steady_clock::now() + bound;
  while (waitpid(process, nullptr, WNOHANG) == 0) {
    if (steady_clock::now() >= deadline) {
      kill(process, SIGKILL);  // not waited for: one that the kernel holds would hold this process too
      return;
    }
    std::this_thread::sleep_for(nap);
  }
}

}  // namespace

void load_ifb_driver() {
  if (geteuid() != 0 || access("/sys/module/ifb", F_OK) == 0) return;
  std::string program = "/sbin/modprobe", quiet = "-q", module = "ifb", parameter = "numifbs=0";
  const std::array<char*, 5> arguments{program.data(), quiet.data(), module.data(), parameter.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = -1;
  if (posix_spawn(&process, program.c_str(), &actions, nullptr, arguments.data(), environ) == 0) wait_or_kill(process);
  posix_spawn_file_actions_destroy(&actions);
}

}  // namespace xover
