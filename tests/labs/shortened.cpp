// Flags of a sheet's command replaced by those of a test.
#include "tests/labs/shortened.h"

#include <regex>

namespace xover::test {

namespace {

bool is_threshold(const std::string& line) { return line.starts_with("build/xover threshold "); }

bool is_run(const std::string& line) { return line.starts_with("build/xover run "); }

bool has(const std::string& line, const char* pattern) { return std::regex_search(line, std::regex(pattern)); }

std::string without(const std::string& line, const char* flag) {
  return std::regex_replace(line, std::regex(std::string(" ") + flag + " \\S+"), "");
}

std::string rounds_of(const std::string& line) {
  std::smatch given;
  return std::regex_search(line, given, std::regex(" --rounds ([1-6])( |$)")) ? given[1].str() : "1";
}

// A preset of many sizes and connections, taken whole.
bool is_whole_preset(const std::string& line) {
  return has(line, " run (pa02|zerocopy|page_pinning|dpdk|sdp|sdp2006|\\S+\\.toml)( |$)") &&
         !has(line, " --(sizes|connections) ");
}

}  // namespace

std::string shortened(const std::string& line) {
  if (is_threshold(line)) return without(line, "--budget") + " --budget 3s --no-gate";
  if (!is_run(line)) return line;
  std::string text = line;
  if (is_whole_preset(line)) text += " --sizes 4K --connections 1 --pool 4M";
  if (has(line, " run sdp2006( |$)|--link '?simulated")) return text;
  for (const char* flag : {"--rounds", "--restarts", "--duration", "--warmup", "--budget"}) text = without(text, flag);
  text += " --rounds " + rounds_of(line) + " --restarts 1 --duration 10ms --warmup 2ms --no-gate";
  if (has(line, " run webserver( |$)| --workload file( |$)")) text = without(text, "--pool") + " --pool 1M";
  return text;
}

std::string shortened_for_a_sanitizer(const std::string& line) {
  return is_run(line) ? without(shortened(line), "--budget") + " --budget 2s" : shortened(line);
}

}  // namespace xover::test
