// Spawning, collecting and looking at child processes.
#include "tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace xover::test {

namespace {

using Clock = std::chrono::steady_clock;

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  return ends;
}

void read_all(int from, std::string& to) {
  std::array<char, 4096> bytes;
  for (ssize_t got = 0; (got = read(from, bytes.data(), bytes.size())) > 0 || (got < 0 && errno == EINTR);)
    if (got > 0) to.append(bytes.data(), static_cast<std::size_t>(got));
  close(from);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments) {
  const auto out = make_pipe(), err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  // A test that is itself run by nohup, say, has signals ignored; its children must not inherit that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int problem = posix_spawnp(&pid_, words[0], &actions, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  out_reader_ = std::thread(read_all, out[0], std::ref(out_));
  err_reader_ = std::thread(read_all, err[0], std::ref(err_));
  if (problem == 0) return;
  out_reader_.join();
  err_reader_.join();
  throw std::runtime_error("cannot start " + arguments[0]);
}

ChildProcess::~ChildProcess() {
  if (!collected_) wait(Milliseconds(0));
}

void ChildProcess::signal(int number) const {
  if (!collected_) kill(pid_, number);
}

bool ChildProcess::ends_within(Milliseconds bound) const { return changes_within(bound, WEXITED); }

bool ChildProcess::stops_within(Milliseconds bound) const { return changes_within(bound, WSTOPPED); }

// Into a state as waitid(2) names them.
bool ChildProcess::changes_within(Milliseconds bound, int to) const {
  for (const auto deadline = Clock::now() + bound;; std::this_thread::sleep_for(Milliseconds(2))) {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, to | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_) return true;
    if (Clock::now() >= deadline) return false;
  }
}

ChildResult ChildProcess::wait(Milliseconds bound) {
  ChildResult result;
  if (!ends_within(bound)) {
    result.overdue = true;
    kill(pid_, SIGKILL);
  }
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  collected_ = true;
  out_reader_.join();
  err_reader_.join();
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.out = std::move(out_);
  result.err = std::move(err_);
  return result;
}

ChildResult run_program(const std::vector<std::string>& arguments, ChildProcess::Milliseconds bound) {
  return ChildProcess(arguments).wait(bound);
}

std::string xover_program() {
  if (const char* path = std::getenv("XOVER")) return path;
  return std::filesystem::path(this_program()).parent_path() / "../../xover";
}

std::string this_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

std::vector<pid_t> children_of(pid_t parent) {
  const std::string id = std::to_string(parent);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

bool process_runs(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(stat, text)) return false;
  const auto behind_name = text.rfind(')');
  return behind_name != std::string::npos && behind_name + 2 < text.size() && text[behind_name + 2] != 'Z' &&
         text[behind_name + 2] != 'X';
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "xover-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TemporaryFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) names.push_back(entry.path().filename());
  return names;
}

}  // namespace xover::test
