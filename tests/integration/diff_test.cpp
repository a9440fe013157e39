// `xover diff`, run as people run it.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
constexpr std::chrono::seconds bound{60};

ChildResult diff(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {xover_program(), "diff"});
  return run_program(arguments, bound);
}

void write(const std::string& path, const json& result) { std::ofstream(path) << result; }

class Diff : public testing::Test {
 protected:
  // Virtual time, so that nothing depends on the machine: figures are exact.
  static void SetUpTestSuite() {
    result_ = short_run(
        {"--transports", "sdp.bcopy@simulated,sdp.read_zcopy@simulated", "--sizes", "4K,64K", "--wait", "spin"});
  }

  void SetUp() override {
    ASSERT_TRUE(result_.is_object());
    write(a_, result_);
  }

  static json result_;
  const TemporaryFolder folder_;
  const std::string a_ = folder_.path("a.json"), b_ = folder_.path("b.json");
};

json Diff::result_;

TEST_F(Diff, OfAFileWithItselfFindsNothing) {
  const ChildResult ended = diff({a_, a_, "--fail-on-slower"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("nothing changed beyond the noise"), std::string::npos) << ended.out;
  EXPECT_EQ(ended.err, "");
}

TEST_F(Diff, SaysWhatChangedAndFailsWhenAskedTo) {
  json changed = result_;
  for (json& cell : changed["cells"])
    if (cell["transport"] == "sdp.bcopy")
      for (json& round : cell["rounds"]) round["window_ns"] = 2 * round["window_ns"].get<std::int64_t>();
  changed["environment"]["kernel"] = "Linux 99";
  write(b_, changed);
  const ChildResult ended = diff({a_, b_});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("sdp.bcopy@simulated at size 4K is slower: goodput 0.500 of A's"), std::string::npos)
      << ended.out;
  EXPECT_LT(ended.out.find("Linux 99"), ended.out.find("what changed, and is real"))
      << "machines that differ come first";
  EXPECT_EQ(diff({a_, b_, "--fail-on-slower"}).exit_code, 1);
  EXPECT_EQ(diff({b_, a_, "--fail-on-slower"}).exit_code, 0) << "faster is no failure";
}

TEST_F(Diff, WritesJsonForPrograms) {
  json changed = result_;
  std::erase_if(changed["cells"].get_ref<json::array_t&>(), [](const json& cell) { return cell["size"] == 4096; });
  write(b_, changed);
  const ChildResult ended = diff({a_, b_, "--json", "-"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const json found = json::parse(ended.out);
  EXPECT_EQ(found["only_in_a"].size(), 2U);
  EXPECT_EQ(found["only_in_b"].size(), 0U);
  ASSERT_FALSE(found["differences"].empty());
  for (const json& difference : found["differences"]) {
    EXPECT_EQ(difference["size"], 65536);
    EXPECT_EQ(difference["verdict"], "noise");
    EXPECT_EQ(difference["ratio"]["median"], 1);
  }
  const std::string file = folder_.path("diff.json");
  EXPECT_EQ(diff({a_, b_, "--json", file}).exit_code, 0);
  EXPECT_EQ(json::parse(file_text(file)), found);
}

TEST_F(Diff, RefusesWhatCannotBeCompared) {
  json other = result_;
  other["cells"] = json::array();
  write(b_, other);
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& part) {
    const ChildResult ended = diff(arguments);
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_EQ(ended.out, "");
    EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
  };
  refused({a_, b_}, "no cell with figures is in both");
  refused({a_}, "B");
  refused({a_, folder_.path("missing.json")}, "missing.json");
  refused({a_, "/"}, "folder");
  refused({a_, a_, "--least-difference", "-1"}, "--least-difference");
  refused({a_, a_, "--json", "/nonexistent/diff.json"}, "--json");
  other["schema"] = 2;
  write(b_, other);
  refused({a_, b_}, "newer xover");
}

// With restarts on a real clock: no claim about what comes out, which is the machine's.
TEST(DiffOfRuns, JudgesTwoRunsOfTheSameThing) {
  const TemporaryFolder folder;
  for (const char* name : {"a.json", "b.json"})
    write(folder.path(name),
          short_run({"--transports", "tcp.send", "--sizes", "64K", "--rounds", "6", "--restarts", "3"}));
  const ChildResult ended = diff({folder.path("a.json"), folder.path("b.json"), "--json", "-"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const json found = json::parse(ended.out);
  ASSERT_FALSE(found["differences"].empty());
  for (const json& difference : found["differences"]) {
    EXPECT_EQ(difference["a"]["restarts"], 3);
    EXPECT_EQ(difference["a"]["rounds"], 6);
    EXPECT_LT(difference["ratio"]["low"], difference["ratio"]["high"]);
    EXPECT_NE(difference["verdict"], "too_few");
  }
}

}  // namespace
}  // namespace xover::test
