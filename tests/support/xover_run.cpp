// Looking for a run's processes and sockets in /proc, and at its result through the schema.
#include "tests/support/xover_run.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "tests/unit/json_schema.h"

namespace xover::test {

namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

std::string new_mark() {
  static std::atomic<unsigned> runs{0};
  return "XOVER_TEST_RUN=" + std::to_string(getpid()) + "-" + std::to_string(runs.fetch_add(1));
}

std::vector<std::string> command_line(const std::string& mark, const std::vector<std::string>& arguments,
                                      const std::vector<std::string>& launcher) {
  std::vector<std::string> words{"env", mark};
  words.insert(words.end(), launcher.begin(), launcher.end());
  words.push_back(xover_program());
  words.insert(words.end(), arguments.begin(), arguments.end());
  // What no test looks at must not pile up among the user's files.
  const auto asks_for = [&](const char* flag) { return std::ranges::find(arguments, flag) != arguments.end(); };
  const bool runs = !arguments.empty() && arguments.front() == "run";
  if (runs && !asks_for("-o") && !asks_for("--report")) words.emplace_back("--no-report");
  return words;
}

bool all_digits(const std::string& text) { return text.find_first_not_of("0123456789") == std::string::npos; }

bool has_in_environment(pid_t pid, const std::string& mark) {
  std::ifstream environment("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  for (std::string variable; std::getline(environment, variable, '\0');)
    if (variable == mark) return true;
  return false;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (auto entry = fs::directory_iterator("/proc", ignored); entry != fs::directory_iterator();
       entry.increment(ignored)) {
    const std::string name = entry->path().filename();
    if (all_digits(name)) found.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return found;
}

constexpr std::string_view net_namespace = "net:[";

// Of "socket:[123]", which is how proc(5) names what has no path.
std::optional<std::uint64_t> inode_in(const std::string& target, std::string_view kind) {
  if (!target.starts_with(kind)) return std::nullopt;
  return std::stoull(target.substr(kind.size()));
}

// Of the descriptors of this kind that a process has open.
std::set<std::uint64_t> open_inodes(pid_t pid, std::string_view kind) {
  std::set<std::uint64_t> inodes;
  std::error_code ignored;
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  for (auto entry = fs::directory_iterator(folder, ignored); entry != fs::directory_iterator();
       entry.increment(ignored)) {
    if (const auto inode = inode_in(fs::read_symlink(entry->path(), ignored), kind)) inodes.insert(*inode);
  }
  return inodes;
}

}  // namespace

XoverRun::XoverRun(const std::vector<std::string>& arguments, const std::vector<std::string>& launcher)
    : XoverRun(new_mark(), arguments, launcher) {}

XoverRun::XoverRun(const std::string& mark, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& launcher)
    : mark_(mark), coordinator_(command_line(mark, arguments, launcher)) {}

bool XoverRun::has_agents_within(Milliseconds bound) const {
  for (const auto deadline = Clock::now() + bound; Clock::now() < deadline;) {
    if (children_of(pid()).size() >= 2) return true;
    if (ends_within(Milliseconds(1))) return false;
  }
  return false;
}

// A process may go while it is looked at: what cannot be read does not count.
std::vector<pid_t> XoverRun::processes() const {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes())
    if (has_in_environment(pid, mark_) && process_runs(pid)) found.push_back(pid);
  return found;
}

bool XoverRun::nothing_left_within(Milliseconds bound) const {
  for (const auto deadline = Clock::now() + bound;; std::this_thread::sleep_for(Milliseconds(5))) {
    if (processes().empty()) return true;
    if (Clock::now() >= deadline) return false;
  }
}

std::set<std::uint64_t> sockets_of(pid_t pid) { return open_inodes(pid, "socket:["); }

std::uint64_t network_namespace_of(pid_t pid) {
  std::error_code ignored;
  return inode_in(fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/net", ignored), net_namespace).value_or(0);
}

std::set<std::uint64_t> still_held(const std::set<std::uint64_t>& namespaces) {
  std::set<std::uint64_t> held;
  for (const pid_t pid : all_processes()) {
    std::set<std::uint64_t> inodes = open_inodes(pid, net_namespace);
    inodes.insert(network_namespace_of(pid));
    std::ranges::set_intersection(namespaces, inodes, std::inserter(held, held.end()));
  }
  return held;
}

bool link_is_usable(const std::string& name) {
  const auto listed = nlohmann::json::parse(run_program({xover_program(), "list", "--json"}).out);
  return std::ranges::any_of(listed["links"],
                             [&](const auto& link) { return link["name"] == name && link["status"] == "usable"; });
}

// proc_pid_net(5): below a heading, the inode is a line's tenth field.
std::set<std::uint64_t> still_open(const std::set<std::uint64_t>& socket_inodes) {
  constexpr int fields_to_inode = 10;
  std::set<std::uint64_t> open;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"}) {
    std::ifstream lines(table);
    std::string line;
    for (std::getline(lines, line); std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string field;
      for (int i = 0; i < fields_to_inode; ++i) fields >> field;
      if (fields && socket_inodes.contains(std::stoull(field))) open.insert(std::stoull(field));
    }
  }
  return open;
}

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> result_problems(const std::string& text) {
  static const auto schema = nlohmann::json::parse(file_text(XOVER_RESULT_SCHEMA));
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded()) return {"not JSON"};
  return testing::schema_problems(schema, document);
}

}  // namespace xover::test
