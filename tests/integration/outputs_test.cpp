// Where results go: the JSON file, the CSV, the folder, standard output.
#include <algorithm>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
constexpr std::chrono::seconds run_bound{60};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end = 0; (end = text.find("\r\n", begin)) != std::string::npos; begin = end + 2)
    lines.push_back(text.substr(begin, end - begin));
  return lines;
}

TEST(Outputs, AFolderGetsTheResultTheRoundsAndTheReport) {
  const TemporaryFolder folder;
  const std::string target = folder.path("new/results");
  XoverRun run(short_run_arguments({"--transports", "tcp.send", "-o", target}));
  const ChildResult ended = run.wait(run_bound);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(target)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"report.html", "result.json", "rounds.csv"}));
  EXPECT_EQ(result_problems(file_text(target + "/result.json")), std::vector<std::string>());
}

TEST(Outputs, TheCsvHasALineForEachCellAndRound) {
  const TemporaryFolder folder;
  XoverRun run(short_run_arguments({"--transports", "tcp.send,tcp.sendmsg", "--sizes", "1K,4K", "--rounds", "3",
                                    "--csv", folder.path("rounds.csv")}));
  EXPECT_EQ(run.wait(run_bound).exit_code, 0);
  const std::vector<std::string> lines = lines_of(file_text(folder.path("rounds.csv")));
  ASSERT_EQ(lines.size(), 1u + 2 * 2 * 3);
  EXPECT_TRUE(lines[0].starts_with("transport,"));
  std::map<std::string, int> of_transport;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    ++of_transport[lines[i].substr(0, lines[i].find(','))];
    EXPECT_EQ(std::count(lines[i].begin(), lines[i].end(), ','), std::count(lines[0].begin(), lines[0].end(), ','));
  }
  EXPECT_EQ(of_transport, (std::map<std::string, int>{{"tcp.send", 6}, {"tcp.sendmsg", 6}}));
}

TEST(Outputs, ADashPrintsJsonAndNothingElse) {
  XoverRun run(short_run_arguments({"--transports", "tcp.send,inproc", "--json", "-"}));
  const ChildResult ended = run.wait(run_bound);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(result_problems(ended.out), std::vector<std::string>());
  EXPECT_FALSE(ended.err.empty());  // what people read goes there
}

TEST(Outputs, AnOldResultIsReplacedWhole) {
  const TemporaryFolder folder;
  const std::string file = folder.path("result.json");
  for (const char* size : {"1K", "2K"}) {
    XoverRun run(short_run_arguments({"--transports", "tcp.send", "--sizes", size, "--json", file}));
    EXPECT_EQ(run.wait(run_bound).exit_code, 0);
  }
  EXPECT_EQ(json::parse(file_text(file))["cells"][0]["size"], 2048);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"result.json"});
}

// `xover run | head -1` with --json: the reader goes, the result stays.
TEST(Outputs, AReaderThatGoesAwayCostsNoResult) {
  const TemporaryFolder folder;
  std::vector<std::string> words{"sh", "-c", "\"$@\" | true", "sh", xover_program()};
  const auto arguments = short_run_arguments({"--transports", "tcp.send", "--json", folder.path("result.json")});
  words.insert(words.end(), arguments.begin(), arguments.end());
  const ChildResult ended = run_program(words, run_bound);
  EXPECT_FALSE(ended.overdue);
  ASSERT_TRUE(std::filesystem::exists(folder.path("result.json"))) << "the result went with its reader";
  EXPECT_EQ(result_problems(file_text(folder.path("result.json"))), std::vector<std::string>());
}

}  // namespace
}  // namespace xover::test
