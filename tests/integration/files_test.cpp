// Workloads `file` and `fanout` through the real program: what its results say, and that no file is left behind,
// however a run ends.
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// The system's temporary directory may be memory, which has nothing to drop to.
class DiskFolder {
 public:
  DiskFolder() : path_("/var/tmp/xover-test-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
  }
  ~DiskFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  DiskFolder(const DiskFolder&) = delete;
  DiskFolder& operator=(const DiskFolder&) = delete;
  const std::string& path() const { return path_; }

  // The file of this name in the set that a run has made, once it is there.
  std::string file_within(std::chrono::seconds bound, const std::string& name) const {
    for (const auto end = std::chrono::steady_clock::now() + bound; std::chrono::steady_clock::now() < end;) {
      for (const auto& directory : fs::directory_iterator(path_))
        if (fs::exists(directory.path() / name)) return (directory.path() / name).string();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return {};
  }

 private:
  std::string path_;
};

std::vector<std::string> serving(const DiskFolder& folder, std::vector<std::string> more) {
  more.insert(more.end(), {"--workload", "file", "--directory", folder.path(), "--pool", "1M", "--sizes", "16K"});
  return more;
}

bool can_serve_files() {
  for (const std::string& id : usable_transports(Receiver::needed))
    if (id == "tcp.read_send") return true;
  return false;
}

TEST(Files, ResultsSayWhatWasServed) {
  if (!can_serve_files()) GTEST_SKIP() << "no transport sends files here";
  const DiskFolder folder;
  const json result = short_run(serving(folder, {"--transports", "tcp.read_send", "--mix", "web", "--cache",
                                                 "warm,cold", "--depth", "2", "--touch", "verify"}));
  ASSERT_EQ(result["cells"].size(), 2u);
  for (const json& cell : result["cells"]) {
    ASSERT_EQ(cell["status"], "ok") << cell.value("reason", "");
    EXPECT_EQ(cell["mix"], "web");
    EXPECT_EQ(cell["directory"], folder.path());
    EXPECT_EQ(cell["latency_us"]["kind"], "request_to_last_byte");
    EXPECT_GT(cell["goodput_gbps"]["median"], 0);
    EXPECT_EQ(cell["ledger"]["sender"]["completed"], cell["bytes"]);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Files, OneThatIsChangedWhileItIsServedFailsItsCell) {
  if (!can_serve_files()) GTEST_SKIP() << "no transport sends files here";
  const DiskFolder folder;
  const TemporaryFolder results;
  std::vector<std::string> words =
      short_run_arguments(serving(folder, {"--transports", "tcp.read_send", "--rounds", "1", "--duration", "2s",
                                           "--json", results.path("r.json")}));
  XoverRun run(words);
  const std::string file = folder.file_within(std::chrono::seconds(20), "00063");
  ASSERT_FALSE(file.empty()) << "no files were made";
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  fs::resize_file(file, 3);
  const ChildResult ended = run.wait(std::chrono::seconds(30));
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  const json result = json::parse(file_text(results.path("r.json")));
  EXPECT_EQ(result["cells"][0]["status"], "failed");
  const std::string reason = result["cells"][0].value("reason", "");
  EXPECT_NE(reason.find("00063: went from 16384 to 3 bytes while it was served"), std::string::npos) << reason;
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Files, AnInterruptedRunLeavesNone) {
  if (!can_serve_files()) GTEST_SKIP() << "no transport sends files here";
  const DiskFolder folder;
  XoverRun run(short_run_arguments(serving(folder, {"--transports", "tcp.read_send", "--duration", "5s"})));
  ASSERT_FALSE(folder.file_within(std::chrono::seconds(20), "00063").empty());
  run.signal(SIGINT);
  EXPECT_TRUE(run.nothing_left_within(std::chrono::seconds(20)));
  run.wait(std::chrono::seconds(20));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Files, WhatAKilledRunLeftTheNextOneRemoves) {
  if (!can_serve_files()) GTEST_SKIP() << "no transport sends files here";
  const DiskFolder folder;
  {
    XoverRun killed(short_run_arguments(serving(folder, {"--transports", "tcp.read_send", "--duration", "5s"})));
    ASSERT_FALSE(folder.file_within(std::chrono::seconds(20), "00063").empty());
    killed.signal(SIGKILL);
    EXPECT_TRUE(killed.nothing_left_within(std::chrono::seconds(20)));
  }
  EXPECT_FALSE(fs::is_empty(folder.path())) << "nobody was left to remove them";
  short_run(serving(folder, {"--transports", "tcp.read_send", "--rounds", "1"}));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

// Requests are lent, too, where answers are. Ends that waited for one another would take longer than a sample may.
TEST(Files, ManyConnectionsComeToTheirEnd) {
  if (!can_serve_files()) GTEST_SKIP() << "no transport sends files here";
  const DiskFolder folder;
  const json result = short_run(serving(folder, {"--transports", "tcp.sendfile", "--connections", "24"}));
  for (const json& cell : result["cells"]) EXPECT_EQ(cell["status"], "ok") << cell.value("reason", "");
}

TEST(Files, WhatCannotServeThemIsRefusedBeforeAnythingRuns) {
  const ChildResult ended = run_program({xover_program(), "run", "--transports", "tcp.send", "--workload", "file"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("tcp.send: it sends memory, not files"), std::string::npos) << ended.err;
}

TEST(Fanout, GoodputIsThatOfAllReceivers) {
  const json result = short_run(
      {"--transports", "tcp.sendmsg,inproc", "--workload", "fanout", "--connections", "3", "--touch", "verify"});
  for (const json& cell : result["cells"]) {
    ASSERT_EQ(cell["status"], "ok") << cell.value("reason", "");
    EXPECT_EQ(cell["connections"], 3);
    EXPECT_EQ(cell["latency_us"]["kind"], "submit_to_released_by_all");
    EXPECT_EQ(cell["ledger"]["sender"]["completed"], cell["bytes"]);
    EXPECT_EQ(cell["sender_cores"].size(), 1u);
  }
}

}  // namespace
}  // namespace xover::test
