// An agent that neither answers nor dies.
#include <signal.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// The greatest bound is that of a phase: its length and 12 s.
TEST(Hang, OfAnAgentFailsItsCellWithinTheBoundAndTheRunGoesOn) {
  const TemporaryFolder folder;
  XoverRun run({"run", "--transports", "tcp.send,tcp.sendmsg", "--no-gate", "--rounds", "20", "--duration", "50ms",
                "--json", folder.path("result.json")});
  ASSERT_TRUE(run.has_agents_within(seconds(10)));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto agents = children_of(run.pid());
  ASSERT_FALSE(agents.empty());
  ASSERT_EQ(kill(agents[0], SIGSTOP), 0);
  const ChildResult ended = run.wait(seconds(60));
  EXPECT_FALSE(ended.overdue);
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_TRUE(run.processes().empty());

  const json result = json::parse(file_text(folder.path("result.json")));
  std::size_t failed = 0;
  for (const json& cell : result["cells"]) {
    if (cell["status"] == "failed") {
      ++failed;
      EXPECT_NE(cell.value("reason", "").find("no answer to"), std::string::npos) << cell.value("reason", "");
      continue;
    }
    EXPECT_EQ(cell["status"], "ok");
    EXPECT_EQ(cell["rounds"].size(), 20u);
  }
  EXPECT_EQ(failed, 1u);
}

}  // namespace
}  // namespace xover::test
