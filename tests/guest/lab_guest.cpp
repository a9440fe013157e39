// Running ./dev guest, and looking at what is left of it.
#include "tests/guest/lab_guest.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

namespace xover::test {

namespace {

constexpr int unavailable = 3;  // exit code of ./dev guest

std::string dev_program() {
  const char* path = std::getenv("XOVER_DEV");
  if (path == nullptr) throw std::runtime_error("XOVER_DEV does not name ./dev");
  return path;
}

// Once for all tests: it may fetch a kernel, and probes KVM.
const ChildResult& preparation() {
  static const ChildResult result = run_program(guest_words({"prepare"}), run_bound);
  return result;
}

}  // namespace

const char* const few_dpdk_drivers = R"(
  all=$(echo /usr/lib/*/dpdk/pmds-*)
  if [ -d "$all" ]; then
    mkdir /run/drivers
    for name in bus_pci bus_vdev mempool_ring net_e1000 net_ring; do cp -a "$all"/librte_$name.so* /run/drivers; done
    mount --bind /run/drivers "$all"
  fi
)";

// A test program that is killed, at its time for one, takes its guests along: ./dev becomes the program that setpriv
// starts, and what ends a guest is SIGTERM.
std::vector<std::string> guest_words(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"setpriv", "--pdeathsig", "TERM", dev_program(), "guest"});
  return arguments;
}

std::vector<std::string> script_words(const std::string& scenario, const std::string& script,
                                      const std::vector<std::string>& options) {
  std::vector<std::string> words = guest_words({"run", "-q", "--scenario", scenario, "--timeout", "220s"});
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"--", "sh", "-c", script});
  return words;
}

ChildResult run_script(const std::string& scenario, const std::string& script,
                       const std::vector<std::string>& options) {
  return run_program(script_words(scenario, script, options), run_bound);
}

std::string program_at(const char* variable) {
  const char* path = std::getenv(variable);
  return path != nullptr ? path : "";
}

int cases_passed(const std::string& scenario, const std::string& before, const std::string& program,
                 const std::string& filter, std::chrono::seconds bound) {
  const std::string suite = before + "'" + program + "' --gtest_brief=1 --gtest_filter='" + filter + "'";
  const std::string timeout = std::to_string(bound.count()) + "s";
  const ChildResult result =
      run_program(script_words(scenario, suite, {"--timeout", timeout}), bound + std::chrono::seconds(20));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  std::smatch match;
  if (!std::regex_search(result.out, match, std::regex(R"(\[  PASSED  \] (\d+) test)"))) return 0;
  return std::stoi(match[1]);
}

std::string store_path(const std::string& name) {
  return std::filesystem::path(dev_program()).parent_path() / "build" / "guest" / name;
}

std::vector<pid_t> processes_naming(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stream(entry.path() / "cmdline", std::ios::binary);
    const std::string words{std::istreambuf_iterator<char>(stream), {}};
    if (words.find(text) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

bool all_end_within(const std::string& text, std::chrono::milliseconds bound) {
  for (const auto deadline = std::chrono::steady_clock::now() + bound; !processes_naming(text).empty();
       std::this_thread::sleep_for(std::chrono::milliseconds(20)))
    if (std::chrono::steady_clock::now() >= deadline) return false;
  return true;
}

std::string missing_program(const std::vector<std::string>& programs) {
  for (const std::string& program : programs)
    if (run_program({"sh", "-c", "command -v " + program}).exit_code != 0) return program;
  return {};
}

void LabGuest::SetUp() {
  const ChildResult& result = preparation();
  if (result.exit_code == unavailable) GTEST_SKIP() << result.err;
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

}  // namespace xover::test
