// Where reports go: that of a run by default, in a folder, in a file, nowhere; and `xover report` from a result.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds run_bound{60};

// A run whose state files go to `state`.
ChildResult run_with_state(const std::string& state, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"env", "XDG_STATE_HOME=" + state, xover_program(), "run", "--no-gate"};
  for (const char* word : {"--transports", "tcp.send", "--sizes", "4K", "--rounds", "1", "--duration", "5ms"})
    words.emplace_back(word);
  words.insert(words.end(), more.begin(), more.end());
  return run_program(words, run_bound);
}

std::vector<std::string> reports_in(const std::string& state) {
  std::vector<std::string> paths;
  if (!fs::exists(state + "/xover/reports")) return paths;
  for (const auto& entry : fs::directory_iterator(state + "/xover/reports")) paths.push_back(entry.path());
  return paths;
}

std::string last_line(const std::string& text) {
  const std::string lines = text.substr(0, text.find_last_not_of('\n') + 1);
  return lines.substr(lines.rfind('\n') + 1);
}

bool is_report(const std::string& text) {
  return text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>\n") &&
         text.find("tcp.send") != std::string::npos;
}

TEST(Report, ARunEndsWithThePathOfItsReport) {
  const TemporaryFolder state;
  for (const std::size_t runs : {1u, 2u}) {
    const ChildResult ended = run_with_state(state.path());
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    const auto reports = reports_in(state.path());
    ASSERT_EQ(reports.size(), runs);  // an earlier one stays
    const std::string line = last_line(ended.out);
    ASSERT_TRUE(line.starts_with("Report: " + state.path() + "/xover/reports/")) << line;
    EXPECT_TRUE(line.ends_with("-command-line.html") || line.ends_with("-command-line-2.html")) << line;
    EXPECT_TRUE(is_report(file_text(line.substr(8))));
  }
}

TEST(Report, IsNotWrittenWhereNobodyWantsIt) {
  const TemporaryFolder state;
  const ChildResult silent = run_with_state(state.path(), {"--no-report"});
  EXPECT_EQ(silent.exit_code, 0) << silent.err;
  EXPECT_EQ(silent.out.find("Report:"), std::string::npos);
  const ChildResult for_a_program = run_with_state(state.path(), {"--json", "-"});
  EXPECT_EQ(for_a_program.exit_code, 0) << for_a_program.err;
  EXPECT_EQ(result_problems(for_a_program.out), std::vector<std::string>());
  EXPECT_TRUE(reports_in(state.path()).empty());
}

TEST(Report, GoesWhereItIsSentEvenBesideJsonOnStandardOutput) {
  const TemporaryFolder folder;
  const ChildResult ended = run_with_state(folder.path("state"), {"--json", "-", "--report", folder.path("mine.html")});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(result_problems(ended.out), std::vector<std::string>());
  EXPECT_EQ(last_line(ended.err), "Report: " + folder.path("mine.html"));
  EXPECT_TRUE(is_report(file_text(folder.path("mine.html"))));
  EXPECT_TRUE(reports_in(folder.path("state")).empty());
}

TEST(Report, APlaceThatCannotBeWrittenToIsAWarning) {
  const ChildResult ended = run_with_state("/dev/null/nowhere");
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("no report was written"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("--report"), std::string::npos) << ended.err;
  EXPECT_NE(ended.out.find("tcp.send"), std::string::npos);
}

TEST(Report, APlaceThatWasAskedForIsCheckedBeforeTheRun) {
  const ChildResult ended = run_with_state("/tmp", {"--report", "/dev/null/nowhere.html"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("--report"), std::string::npos) << ended.err;
}

class ReportCommand : public testing::Test {
 protected:
  void SetUp() override {
    XoverRun run(short_run_arguments({"--transports", "tcp.send", "--json", result_}));
    ASSERT_EQ(run.wait(run_bound).exit_code, 0);
  }
  static ChildResult report(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {xover_program(), "report"});
    return run_program(arguments, run_bound);
  }

  const TemporaryFolder folder_;
  const std::string result_ = folder_.path("result.json");
};

TEST_F(ReportCommand, WritesBesideTheResult) {
  const ChildResult ended = report({result_});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "Report: " + folder_.path("result.html") + "\n");
  EXPECT_TRUE(is_report(file_text(folder_.path("result.html"))));
}

TEST_F(ReportCommand, WritesWhereItIsTold) {
  EXPECT_EQ(report({result_, "-o", folder_.path("other.html")}).exit_code, 0);
  EXPECT_TRUE(is_report(file_text(folder_.path("other.html"))));
  const ChildResult to_standard_output = report({result_, "-o", "-"});
  EXPECT_EQ(to_standard_output.exit_code, 0);
  EXPECT_EQ(to_standard_output.out, file_text(folder_.path("other.html")));
}

TEST_F(ReportCommand, RefusesWhatIsNoResult) {
  const ChildResult missing = report({folder_.path("missing.json")});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.err.find("missing.json"), std::string::npos) << missing.err;
  std::ofstream(folder_.path("bad.json")) << "{\"schema\": 1, \"cells\": 7}";
  const ChildResult bad = report({folder_.path("bad.json")});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_NE(bad.err.find("bad.json"), std::string::npos) << bad.err;
  EXPECT_FALSE(fs::exists(folder_.path("bad.html")));
}

TEST_F(ReportCommand, NeverTakesTheResultsPlace) {
  const std::string misnamed = folder_.path("result.html");
  fs::rename(result_, misnamed);
  const ChildResult ended = report({misnamed});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("-o"), std::string::npos) << ended.err;
  EXPECT_TRUE(file_text(misnamed).starts_with("{"));
}

TEST_F(ReportCommand, SaysWhereItCannotWrite) {
  const ChildResult ended = report({result_, "-o", folder_.path("missing/report.html")});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("missing"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace xover::test
