// A run that is asked to stop: it ends soon and in order, keeps what it measured, and takes its agents with it.
#include <signal.h>

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds stop_bound{3};

// Goes on for minutes unless it is stopped.
std::vector<std::string> long_run(const std::string& json_file, const std::string& duration) {
  return {"run",        "--transports", "tcp.send,tcp.sendmsg",
          "--no-gate",  "--rounds",     "5000",
          "--duration", duration,       "--warmup",
          "5ms",        "--size",       "4K",
          "--json",     json_file};
}

class StopSignal : public testing::TestWithParam<int> {};

TEST_P(StopSignal, EndsTheRunAndKeepsWhatWasMeasured) {
  const TemporaryFolder folder;
  XoverRun run(long_run(folder.path("result.json"), "20ms"));
  ASSERT_TRUE(run.has_agents_within(seconds(10)));
  std::this_thread::sleep_for(seconds(2));  // enough for a round
  run.signal(GetParam());
  EXPECT_TRUE(run.ends_within(stop_bound));
  const ChildResult ended = run.wait(seconds(30));
  EXPECT_EQ(ended.exit_code, 1) << ended.err;  // by itself, and not as if all had been done
  EXPECT_TRUE(run.processes().empty());
  EXPECT_NE(ended.out.find("tcp.sendmsg"), std::string::npos) << "nothing was reported";

  const std::string text = file_text(folder.path("result.json"));
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  const json result = json::parse(text);
  EXPECT_EQ(result["complete"], false);
  EXPECT_NE(result.value("broken_off_because", ""), "");
  for (const json& cell : result["cells"]) {
    EXPECT_EQ(cell["status"], "ok") << cell.value("reason", "");
    EXPECT_FALSE(cell["rounds"].empty());
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"result.json"});
}

INSTANTIATE_TEST_SUITE_P(By, StopSignal, testing::Values(SIGINT, SIGTERM, SIGHUP),
                         [](const auto& one) { return std::string(sigabbrev_np(one.param)); });

TEST(Interrupt, DoesNotWaitForALongSampleToEnd) {
  const TemporaryFolder folder;
  XoverRun run(long_run(folder.path("result.json"), "60s"));
  ASSERT_TRUE(run.has_agents_within(seconds(10)));
  std::this_thread::sleep_for(seconds(1));
  run.signal(SIGINT);
  EXPECT_TRUE(run.ends_within(stop_bound));
  EXPECT_EQ(run.wait(seconds(30)).exit_code, 1);
  EXPECT_TRUE(run.processes().empty());
  EXPECT_EQ(json::parse(file_text(folder.path("result.json")))["complete"], false);
}

TEST(Interrupt, AtAnyMomentOfTheStartLeavesNothingRunning) {
  const TemporaryFolder folder;
  for (const int wait_ms : {0, 2, 5, 10, 20, 40, 80}) {
    SCOPED_TRACE(wait_ms);
    XoverRun run(long_run(folder.path("result.json"), "20ms"));
    std::this_thread::sleep_for(milliseconds(wait_ms));
    run.signal(SIGINT);
    EXPECT_TRUE(run.ends_within(stop_bound));
    run.wait(seconds(30));
    EXPECT_TRUE(run.nothing_left_within(seconds(5)));
  }
}

TEST(Interrupt, ASecondSignalEndsTheProgramAtOnce) {
  const TemporaryFolder folder;
  XoverRun run(long_run(folder.path("result.json"), "60s"));
  ASSERT_TRUE(run.has_agents_within(seconds(10)));
  run.signal(SIGINT);
  run.signal(SIGINT);
  EXPECT_TRUE(run.ends_within(stop_bound));
  run.wait(seconds(30));
  EXPECT_TRUE(run.nothing_left_within(seconds(5)));
}

}  // namespace
}  // namespace xover::test
