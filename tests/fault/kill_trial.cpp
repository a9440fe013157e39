// Killing, then looking at what is left: processes by their mark, sockets by their inodes, files by their names.
#include "tests/fault/kill_trial.h"

#include <signal.h>
#include <unistd.h>

#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/xover_run.h"

namespace xover::test {

using nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t rounds = 3;
constexpr milliseconds end_bound{5000};
constexpr milliseconds run_bound{60'000};

std::vector<std::string> arguments(const std::vector<std::string>& compared, const TemporaryFolder& folder) {
  std::vector<std::string> words{"run",        "--no-gate",
                                 "--rounds",   std::to_string(rounds),
                                 "--duration", "30ms",
                                 "--warmup",   "5ms",
                                 "--sizes",    "4K",
                                 "--json",     folder.path("result.json"),
                                 "--csv",      folder.path("rounds.csv")};
  words.insert(words.end(), compared.begin(), compared.end());
  return words;
}

milliseconds since(Clock::time_point moment) { return std::chrono::duration_cast<milliseconds>(Clock::now() - moment); }

// `draw` says which of the agents that are there.
std::optional<pid_t> process_of(const XoverRun& run, Victim victim, std::size_t draw) {
  if (victim == Victim::coordinator) return run.pid();
  const std::vector<pid_t> agents = children_of(run.pid());
  if (agents.empty()) return std::nullopt;
  return agents[draw % agents.size()];
}

// Between two agents there is a moment without any: the next one is waited for. Nothing: the run is over.
std::optional<pid_t> find_victim(const XoverRun& run, Victim victim, std::size_t draw) {
  while (!run.ends_within(milliseconds(0)))
    if (const auto process = process_of(run, victim, draw); process && process_runs(*process)) return process;
  return std::nullopt;
}

std::set<std::uint64_t> sockets_of_all(const XoverRun& run) {
  std::set<std::uint64_t> sockets;
  for (const pid_t process : run.processes()) sockets.merge(sockets_of(process));
  return sockets;
}

std::set<std::uint64_t> network_namespaces_of_all(const XoverRun& run) {
  std::set<std::uint64_t> namespaces;
  for (const pid_t process : run.processes()) namespaces.insert(network_namespace_of(process));
  namespaces.erase(network_namespace_of(getpid()));
  namespaces.erase(0);
  return namespaces;
}

class Trial {
 public:
  Trial(TrialReport& report, const std::vector<std::string>& compared, std::size_t draw, milliseconds undisturbed)
      : report_(report),
        draw_(draw),
        undisturbed_(undisturbed),
        began_(Clock::now()),
        run_(arguments(compared, folder_)) {}

  void take() {
    std::this_thread::sleep_until(began_ + report_.moment);
    const auto process = find_victim(run_, report_.victim, draw_);
    if (!process) return;
    const std::set<std::uint64_t> sockets = sockets_of_all(run_), namespaces = network_namespaces_of_all(run_);
    if (run_.ends_within(milliseconds(0)) || kill(*process, SIGKILL) != 0) return;
    killed_ = Clock::now();
    report_.moment = since(began_);
    if (report_.victim == Victim::coordinator)
      look_at_what_the_coordinator_left();
    else
      look_at_how_the_run_went_on();
    if (report_.outcome == Outcome::over_before) return;
    report_.ended_after = since(killed_);
    expect(still_open(sockets).empty(), "a socket of the run is still open");
    expect(still_held(namespaces).empty(), "a network namespace of the run is still held");
    look_at_the_folder();
  }

 private:
  void expect(bool holds, const std::string& otherwise) {
    if (!holds) report_.violations.push_back(otherwise);
  }

  void look_at_what_the_coordinator_left() {
    const ChildResult ended = run_.wait(end_bound);
    if (ended.exit_code >= 0) return;  // it was about to end by itself
    report_.outcome = Outcome::run_died;
    expect(run_.nothing_left_within(end_bound), "agents outlived their coordinator by 5 s");
  }

  // Cells that were not at work when an agent died must be as if nothing had happened.
  void look_at_how_the_run_went_on() {
    report_.outcome = Outcome::unharmed;
    expect(run_.ends_within(undisturbed_ + end_bound), "the run took 5 s longer than undisturbed");
    const ChildResult ended = run_.wait(run_bound);
    expect(!ended.overdue, "the run had to be killed");
    expect(run_.processes().empty(), "a process is left");
    const std::string text = file_text_or_nothing("result.json");
    for (const std::string& problem : result_problems(text)) report_.violations.push_back("result: " + problem);
    const json result = json::parse(text, nullptr, false);
    if (!result.is_object()) return;
    expect(result["complete"] == true, "the result is not complete");
    for (const json& cell : result["cells"]) look_at_cell(cell);
    const bool failed = report_.outcome == Outcome::cell_failed;
    expect(ended.exit_code == (failed ? 1 : 0), fmt::format("exit code {}", ended.exit_code));
    expect(report_.failures.size() <= 1, "one death failed several cells");
  }

  void look_at_cell(const json& cell) {
    const std::string name = cell["variant"], status = cell["status"], reason = cell.value("reason", "");
    if (status == "failed") {
      report_.outcome = Outcome::cell_failed;
      report_.failures.push_back(name + ": " + reason);
      expect(reason.find("killed by signal 9") != std::string::npos, name + " failed without the cause: " + reason);
      return;
    }
    expect(status == "ok", name + " is " + status + ": " + reason);
    expect(cell["rounds"].size() == rounds, fmt::format("{} has {} rounds", name, cell["rounds"].size()));
  }

  std::string file_text_or_nothing(const std::string& name) {
    for (const std::string& there : folder_.names())
      if (there == name) return file_text(folder_.path(name));
    return {};
  }

  // Files are there whole or not at all, and no other.
  void look_at_the_folder() {
    for (const std::string& name : folder_.names()) {
      expect(name == "result.json" || name == "rounds.csv", "the folder holds " + name);
      if (name == "result.json") expect(result_problems(file_text(folder_.path(name))).empty(), "a partial result");
      if (name == "rounds.csv") expect(file_text(folder_.path(name)).ends_with("\r\n"), "a partial CSV");
    }
  }

  TrialReport& report_;
  std::size_t draw_;
  milliseconds undisturbed_;
  TemporaryFolder folder_;
  Clock::time_point began_, killed_;
  XoverRun run_;
};

}  // namespace

std::string_view to_string(Victim victim) {
  switch (victim) {
    case Victim::coordinator: return "coordinator";
    case Victim::agent: return "agent";
  }
  return "";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::over_before: return "over before";
    case Outcome::run_died: return "run died";
    case Outcome::unharmed: return "unharmed";
    case Outcome::cell_failed: return "cell failed";
  }
  return "";
}

std::vector<std::string> usual_comparison() {
  std::string ids = "tcp.sendmsg,tcp.zerocopy,inproc,udp.zerocopy";
  for (const char* link : {"veth", "veth_dma", "ifb"})
    if (link_is_usable(link))
      ids += std::string(",") + (link == std::string("ifb") ? "udp.zerocopy@" : "tcp.zerocopy@") + link;
  return {"--transports", ids};
}

KillTrials::KillTrials(std::uint64_t seed, std::vector<std::string> compared)
    : seed_(seed), random_(seed), compared_(std::move(compared)) {
  const TemporaryFolder folder;
  const Clock::time_point began = Clock::now();
  const ChildResult ended = XoverRun(arguments(compared_, folder)).wait(run_bound);
  if (ended.exit_code != 0) throw std::runtime_error("the undisturbed run failed: " + ended.out + ended.err);
  undisturbed_ = since(began);
}

TrialReport KillTrials::next() {
  const Clock::time_point began = Clock::now();
  for (;;) {
    TrialReport report;
    // Of three trials one is the coordinator's.
    report.victim = std::uniform_int_distribution<int>(0, 2)(random_) == 0 ? Victim::coordinator : Victim::agent;
    const std::size_t draw = std::uniform_int_distribution<std::size_t>()(random_);
    report.moment = milliseconds(std::uniform_int_distribution<std::int64_t>(0, undisturbed_.count())(random_));
    Trial(report, compared_, draw, undisturbed_).take();
    if (report.outcome != Outcome::over_before) return report;
    if (since(began) > run_bound) throw std::runtime_error("no moment was found at which the run was under way");
  }
}

std::string line_of(const TrialReport& report) {
  std::string line = fmt::format("{:>6} ms  {:<14}  {:<11}  {:>5} ms", report.moment.count(), to_string(report.victim),
                                 to_string(report.outcome), report.ended_after.count());
  for (const std::string& failure : report.failures) line += "  " + failure;
  for (const std::string& violation : report.violations) line += "\n    VIOLATION: " + violation;
  return line;
}

}  // namespace xover::test
