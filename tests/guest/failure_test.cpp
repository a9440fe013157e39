// Guests that fail: each ends within its bound with its own exit code, and its console is kept.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/guest/lab_guest.h"

namespace xover::test {
namespace {

using GuestFailure = LabGuest;
using Clock = std::chrono::steady_clock;

// The console that the message names; taken away after a look at it.
std::string kept_console(const std::string& message) {
  const std::string before = "its console: ";
  const std::size_t at = message.find(before);
  if (at == std::string::npos) return {};
  const std::string path = message.substr(at + before.size(), message.rfind('\n') - at - before.size());
  std::ifstream stream(path);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::filesystem::remove(path);
  return text;
}

TEST_F(GuestFailure, AHangIsEndedAtItsTime) {
  const auto start = Clock::now();
  const ChildResult result = run_script("plain", "sleep 1000", {"--timeout", "20s"});
  EXPECT_EQ(result.exit_code, 124) << result.err;
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(40));
  EXPECT_NE(result.err.find("within 20 s"), std::string::npos) << result.err;
  EXPECT_NE(kept_console(result.err).find("Linux version"), std::string::npos) << result.err;
}

TEST_F(GuestFailure, APanicIsToldFromAnEnd) {
  const ChildResult result = run_script("plain", "echo last words; sleep 1; echo c >/proc/sysrq-trigger; sleep 1000");
  EXPECT_EQ(result.exit_code, 125) << result.err;
  EXPECT_EQ(result.out, "last words\n");
  EXPECT_NE(result.err.find("Kernel panic"), std::string::npos) << result.err;
  EXPECT_NE(kept_console(result.err).find("Kernel panic"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace xover::test
