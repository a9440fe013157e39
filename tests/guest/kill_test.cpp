// Ending ./dev guest at random moments of a run: no QEMU stays, and after the next start no file of that run either.
// XOVER_GUEST_KILLS sets how many moments, XOVER_GUEST_KILL_SEED brings the same draws back.
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>

#include "tests/guest/lab_guest.h"

namespace xover::test {
namespace {

using std::chrono::milliseconds;
using GuestKill = LabGuest;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::stoull(text) : otherwise;
}

// A run's folder is called by the process that owns it.
std::vector<std::string> folders_of(pid_t owner) {
  std::vector<std::string> found;
  const std::string beginning = std::to_string(owner) + "-";
  for (const auto& entry : std::filesystem::directory_iterator(store_path("runs")))
    if (entry.path().filename().string().starts_with(beginning)) found.push_back(entry.path());
  return found;
}

// ./dev becomes the process that owns the run, so its id is known.
void end_a_run(const std::string& scenario, int signal, milliseconds after) {
  ChildProcess run(script_words(scenario, "sleep 1000", {}));
  const std::string folder = store_path("runs") + "/" + std::to_string(run.pid()) + "-";
  EXPECT_FALSE(run.ends_within(after));
  const std::size_t machines = processes_naming(folder).size();
  run.signal(signal);
  const ChildResult result = run.wait(std::chrono::seconds(10));
  std::cout << scenario << ", " << machines << " QEMU, signal " << signal << " at " << after.count() << " ms\n";
  EXPECT_FALSE(result.overdue);
  EXPECT_TRUE(all_end_within(folder, std::chrono::seconds(10)));
  if (signal != SIGKILL) {
    EXPECT_EQ(folders_of(run.pid()), std::vector<std::string>());
    return;
  }
  EXPECT_EQ(run_program(guest_words({"prepare"}), run_bound).exit_code, 0);
  EXPECT_EQ(folders_of(run.pid()), std::vector<std::string>());
}

TEST_F(GuestKill, AtRandomMomentsLeavesNothingBehind) {
  const std::uint64_t seed = number_from("XOVER_GUEST_KILL_SEED", std::random_device()());
  const std::uint64_t count = number_from("XOVER_GUEST_KILLS", 4);
  std::cout << "XOVER_GUEST_KILL_SEED=" << seed << "\n";
  std::mt19937_64 generator(seed);
  std::uniform_int_distribution<int> moment_ms(0, 10000);
  for (std::uint64_t i = 0; i < count; ++i)
    end_a_run(i % 2 == 0 ? "pair" : "plain", i % 4 == 3 ? SIGTERM : SIGKILL, milliseconds(moment_ms(generator)));
}

}  // namespace
}  // namespace xover::test
