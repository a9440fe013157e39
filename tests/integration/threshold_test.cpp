// `xover threshold` from its flags to its files: on a model, where the answer is known, and on this machine, where only
// the budget is.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/sanitizer.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds bound{120};
// The machines of Goldenberg et al. (configs/sdp2006.toml): they cross near 128K with one connection, 40K with two.
constexpr const char* model = "simulated[copy_mbps=630,link_mbps=1400,cpus=4]";
constexpr const char* unregistered = "sdp.read_zcopy[registration=none,chunk=128K]";

struct Answer {
  ChildResult ended;
  json found;
  std::string snippet_file;
};

Answer ask(const TemporaryFolder& folder, std::vector<std::string> arguments) {
  Answer answer;
  answer.snippet_file = folder.path("thresholds.toml");
  const std::string json_file = folder.path("threshold.json");
  arguments.insert(arguments.begin(), "threshold");
  arguments.insert(arguments.end(), {"-o", answer.snippet_file, "--json", json_file});
  XoverRun run(arguments);
  answer.ended = run.wait(bound);
  EXPECT_FALSE(answer.ended.overdue);
  EXPECT_TRUE(run.processes().empty());
  if (answer.ended.exit_code == 0) answer.found = json::parse(file_text(json_file));
  return answer;
}

TEST(Threshold, OfAModelIsWhereItCrossesAndTheSnippetRuns) {
  const TemporaryFolder folder;
  const Answer answer =
      ask(folder, {"--link", model, "--zerocopy", unregistered, "--connections", "1,2", "--budget", "30s"});
  ASSERT_EQ(answer.ended.exit_code, 0) << answer.ended.err;
  const json& thresholds = answer.found["thresholds"];
  ASSERT_EQ(thresholds.size(), 2u);
  for (const json& one : thresholds) EXPECT_EQ(one["verdict"], "at");
  EXPECT_NEAR(thresholds[0]["threshold"].get<double>(), 128 << 10, 16 << 10);
  EXPECT_NEAR(thresholds[1]["threshold"].get<double>(), 40 << 10, 8 << 10);
  ASSERT_EQ(answer.found["checks"].size(), 2u);
  for (const json& check : answer.found["checks"]) {
    EXPECT_EQ(check["held"], "yes");
    EXPECT_LT(check["half"]["goodput"]["median"].get<double>(), 0);
    EXPECT_LT(check["double"]["goodput"]["median"].get<double>(), 0);
  }
  EXPECT_EQ(result_problems(answer.found["sweep"].dump()), std::vector<std::string>());
  EXPECT_NE(answer.ended.out.find("124K and more without a copy"), std::string::npos) << answer.ended.out;

  XoverRun run({"run", answer.snippet_file, "--sizes", "16K,256K", "--rounds", "1", "--restarts", "1", "--duration",
                "20ms", "--no-gate"});
  const ChildResult ended = run.wait(bound);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("sdp.auto"), std::string::npos);
}

// What there is no time for is told. How good the answer is depends on the machine.
TEST(Threshold, EndsInTimeOnThisMachine) {
  const TemporaryFolder folder;
  const Answer answer = ask(folder, {"--budget", "6s", "--no-gate"});
  ASSERT_EQ(answer.ended.exit_code, 0) << answer.ended.err;
  EXPECT_LE(answer.found["elapsed_ns"].get<std::int64_t>(), (under_sanitizer ? 30 : 10) * std::int64_t{1'000'000'000});
  EXPECT_EQ(answer.found["complete"], true);
  EXPECT_FALSE(answer.found["thresholds"].empty());
  EXPECT_FALSE(answer.found["not_measured"].empty());
}

TEST(Threshold, WorksForAnyPairOnOneLink) {
  const TemporaryFolder folder;
  const Answer answer = ask(folder, {"--copy", "tcp.send", "--zerocopy", "tcp.sendmsg", "--budget", "4s", "--no-gate",
                                     "--sizes", "1K,16K,256K"});
  ASSERT_EQ(answer.ended.exit_code, 0) << answer.ended.err;
  const std::string snippet = file_text(answer.snippet_file);
  EXPECT_EQ(snippet.find("transports = [\"tcp.send\", \"tcp.sendmsg\", "), std::string::npos);
  EXPECT_NE(snippet.find("transports = ["), std::string::npos);
}

struct BadThreshold {
  const char* name;
  std::vector<std::string> arguments;
  int exit_code;
  const char* said;
};

class RefusedThreshold : public testing::TestWithParam<BadThreshold> {};

TEST_P(RefusedThreshold, SaysWhat) {
  std::vector<std::string> arguments{"threshold", "--budget", "2s"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  XoverRun run(arguments);
  const ChildResult ended = run.wait(bound);
  EXPECT_EQ(ended.exit_code, GetParam().exit_code) << ended.out << ended.err;
  EXPECT_NE(ended.err.find(GetParam().said), std::string::npos) << ended.err;
  EXPECT_EQ(ended.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    , RefusedThreshold,
    testing::Values(BadThreshold{"UnknownVariant", {"--copy", "sdp.bcop"}, 2, "did you mean 'sdp.bcopy'?"},
                    BadThreshold{"LinksThatDiffer",
                                 {"--copy", "sdp.bcopy@simulated", "--zerocopy", "sdp.read_zcopy@local"},
                                 2,
                                 "a threshold is between two on one link"},
                    BadThreshold{"OnNoLinkOfIts", {"--link", "veth"}, 2, "does not run on link veth"},
                    BadThreshold{"NoDevice", {"--link", "verbs:nosuch0"}, 3, "cannot run here"},
                    BadThreshold{"TwoDepths", {"--depth", "1,2"}, 2, "depth has several values"},
                    BadThreshold{"NoFolder", {"-o", "/nosuch/t.toml"}, 2, "/nosuch"},
                    BadThreshold{"UnknownFlag", {"--threshold", "1"}, 2, "unknown flag"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace xover::test
