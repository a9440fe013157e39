// An environment that breaks under a run, or never was enough: every time a clear message, a fitting exit code, and no
// process left.
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/sanitizer.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr seconds run_bound{60};

std::vector<std::string> run_of(const std::string& transports, const std::string& rounds,
                                const std::vector<std::string>& more) {
  std::vector<std::string> words{"run",      "--transports", transports,   "--no-gate",
                                 "--rounds", rounds,         "--duration", "20ms"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(BrokenEnvironment, AnOutputFolderThatVanishesIsNamed) {
  const TemporaryFolder folder;
  const std::string gone = folder.path("gone");
  std::filesystem::create_directory(gone);
  XoverRun run(run_of("tcp.send", "10", {"--json", gone + "/result.json"}));
  ASSERT_TRUE(run.has_agents_within(seconds(10)));
  std::filesystem::remove_all(gone);
  const ChildResult ended = run.wait(run_bound);
  EXPECT_FALSE(ended.overdue);
  EXPECT_GT(ended.exit_code, 0);
  EXPECT_NE(ended.err.find(gone), std::string::npos) << ended.err;
  EXPECT_NE(ended.out.find("tcp.send"), std::string::npos) << "what was measured was not even printed";
  EXPECT_TRUE(run.processes().empty());
}

// From too few to start an agent, to too few for its sockets, to enough.
TEST(BrokenEnvironment, TooFewDescriptorsAreNamedWhereverTheyRunOut) {
  if (under_sanitizer) GTEST_SKIP() << descriptors_needed_by_sanitizer;
  int failed = 0, succeeded = 0;
  for (const int limit : {4, 5, 6, 9, 12, 16, 20, 24, 32, 64}) {
    SCOPED_TRACE("at most " + std::to_string(limit) + " descriptors");
    XoverRun run(run_of("tcp.send", "2", {"--connections", "4"}), {"prlimit", "--nofile=" + std::to_string(limit)});
    const ChildResult ended = run.wait(run_bound);
    EXPECT_FALSE(ended.overdue);
    EXPECT_TRUE(run.processes().empty());
    if (ended.exit_code == 0) {
      ++succeeded;
      continue;
    }
    ++failed;
    EXPECT_GT(ended.exit_code, 0);
    EXPECT_NE((ended.out + ended.err).find("Too many open files"), std::string::npos) << ended.out << ended.err;
  }
  EXPECT_GT(failed, 0);
  EXPECT_GT(succeeded, 0);
}

// Zero-copy pins pages, and pinned pages count as locked memory of those who lack CAP_IPC_LOCK.
TEST(BrokenEnvironment, TooLittleLockedMemoryIsNamedAsTheReason) {
  const std::vector<std::string> without_ipc_lock{"setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"};
  if (run_program({"setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "true"}).exit_code != 0)
    GTEST_SKIP() << "setpriv may not drop CAP_IPC_LOCK here";
  for (const char* limit : {"0", "4096", "65536"}) {
    SCOPED_TRACE(std::string(limit) + " bytes");
    const TemporaryFolder folder;
    std::vector<std::string> launcher{"prlimit", std::string("--memlock=") + limit};
    launcher.insert(launcher.end(), without_ipc_lock.begin(), without_ipc_lock.end());
    XoverRun run(run_of("tcp.zerocopy,tcp.send", "2", {"--json", folder.path("result.json")}), launcher);
    const ChildResult ended = run.wait(run_bound);
    EXPECT_FALSE(ended.overdue);
    EXPECT_TRUE(run.processes().empty());
    const json result = json::parse(file_text(folder.path("result.json")));
    const json &zerocopy = result["cells"][0], &send = result["cells"][1];
    EXPECT_EQ(send["status"], "ok");
    if (zerocopy["status"] == "ok") {
      EXPECT_GT(zerocopy["messages"], 0);
    } else {
      EXPECT_NE(zerocopy.value("remedy", "").find("locked memory"), std::string::npos) << zerocopy.dump();
    }
  }
}

}  // namespace
}  // namespace xover::test
