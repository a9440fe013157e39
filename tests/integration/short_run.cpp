// Running xover the way all tests of its results do.
#include "tests/integration/short_run.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/xover_run.h"

namespace xover::test {

using nlohmann::json;

namespace {

constexpr std::chrono::seconds run_bound{60};

constexpr std::pair<const char*, const char*> short_run_defaults[] = {
    {"--rounds", "2"}, {"--duration", "20ms"}, {"--warmup", "5ms"}, {"--congestion-control", "cubic"}};

json valid_result(const std::string& file) {
  if (!std::filesystem::exists(file)) {
    ADD_FAILURE() << "no result was written";
    return {};
  }
  const std::string text = file_text(file);
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  return json::parse(text, nullptr, false);
}

}  // namespace

std::vector<std::string> short_run_arguments(std::vector<std::string> arguments) {
  const auto given = [&](const std::string& flag) {
    return std::find(arguments.begin(), arguments.end(), flag) != arguments.end();
  };
  std::vector<std::string> words{"run", "--no-gate"};
  for (const auto& [flag, value] : short_run_defaults)
    if (!given(flag)) words.insert(words.end(), {flag, value});
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

json short_run(const std::vector<std::string>& arguments, int exit_code) {
  const TemporaryFolder folder;
  std::vector<std::string> words = short_run_arguments(arguments);
  words.insert(words.end(), {"--json", folder.path("result.json")});
  XoverRun run(words);
  const ChildResult ended = run.wait(run_bound);
  EXPECT_FALSE(ended.overdue);
  EXPECT_EQ(ended.exit_code, exit_code) << ended.out << ended.err;
  EXPECT_TRUE(run.processes().empty());
  return valid_result(folder.path("result.json"));
}

std::vector<std::string> usable_transports(Receiver receiver, Wait wait) {
  const json listed = json::parse(run_program({xover_program(), "list", "--json"}).out);
  std::vector<std::string> ids;
  for (const json& row : listed["transports"]) {
    const bool has_receiver = row["id"] != "null";
    if (row["status"] != "usable" || (receiver == Receiver::needed && !has_receiver)) continue;
    const bool only_spins = row["links"][0]["link"] == "ring";
    if (only_spins == (wait == Wait::only_spin)) ids.push_back(row["id"]);
  }
  return ids;
}

std::string with_commas(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

}  // namespace xover::test
