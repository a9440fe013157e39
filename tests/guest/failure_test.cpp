// Guests that fail: each ends within its bound with its own exit code, and its console is kept.
#include <filesystem>
#include <fstream>

#include "tests/guest/lab_guest.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using GuestFailure = LabGuest;

// The console that the message names; taken away after a look at it.
std::string kept_console(const std::string& message) {
  const std::string before = "its console: ";
  const std::size_t at = message.find(before);
  if (at == std::string::npos) return {};
  const std::string path = message.substr(at + before.size(), message.rfind('\n') - at - before.size());
  const std::string text = file_text(path);
  std::filesystem::remove(path);
  return text;
}

TEST_F(GuestFailure, AHangIsEndedAtItsTime) {
  const ChildResult result = run_script("plain", "sleep 1000", {"--timeout", "20s"});
  EXPECT_EQ(result.exit_code, 124) << result.err;
  EXPECT_NE(result.err.find("within 20 s"), std::string::npos) << result.err;
  EXPECT_NE(kept_console(result.err).find("Linux version"), std::string::npos) << result.err;
}

// Both outputs go to one pipe that is full before its reader begins to read, which is when QEMU has gone.
TEST_F(GuestFailure, AReaderThatDoesNotReadDelaysNoEnd) {
  TemporaryFolder results;
  std::vector<std::string> words = script_words("plain", "printf x; touch begun; sleep 1; yes & yes >&2",
                                                {"--timeout", "20s", "--results", results.path()});
  words.insert(words.begin(), {"sh", "-c", R"({ "$@"; echo $? >"$0/code"; } 2>&1 |
    { until [ -e "$0/read" ]; do sleep 0.1; done; tail -n 1; })",
                               results.path()});
  ChildProcess run(words);
  EXPECT_FALSE(run.ends_within(std::chrono::seconds(20)));
  EXPECT_TRUE(all_end_within("path=" + results.path(), std::chrono::seconds(60)));  // words of QEMU
  std::ofstream(results.path("read")).close();
  const ChildResult result = run.wait(run_bound);
  EXPECT_TRUE(std::filesystem::exists(results.path("begun")));
  EXPECT_EQ(file_text(results.path("code")), "124\n");
  EXPECT_NE(kept_console(result.out).find("Linux version"), std::string::npos) << result.out;
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
