// The lab sheets are true: each command of docs/labs runs, shortened, and prints the lines that the sheet promises.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "tests/labs/lab_sheet.h"
#include "tests/labs/promises.h"
#include "tests/labs/shortened.h"
#include "tests/support/child_process.h"
#include "tests/support/sanitizer.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds bound{120};
constexpr int some_failed = 1, wrong_usage = 2, nothing_could_run = 3;

std::vector<LabBlock> all_blocks() {
  std::vector<fs::path> sheets;
  for (const auto& entry : fs::directory_iterator(XOVER_SOURCE_ROOT "/docs/labs")) {
    if (entry.path().extension() == ".md") sheets.push_back(entry.path());
  }
  std::ranges::sort(sheets);
  std::vector<LabBlock> blocks;
  std::set<std::vector<std::string>> seen;
  for (const fs::path& sheet : sheets) {
    for (LabBlock& block : blocks_of(sheet.stem().string(), file_text(sheet))) {
      const bool is_new = seen.insert(block.lines).second;
      if (is_new || !block.promised.empty() || !block.error.empty()) blocks.push_back(std::move(block));
    }
  }
  return blocks;
}

// A folder in which `build/xover` is the program under test and `samples` are there, as in a checkout.
class Checkout {
 public:
  Checkout() {
    fs::create_directory(folder_.path("build"));
    fs::create_symlink(fs::absolute(xover_program()), folder_.path("build/xover"));
    fs::create_symlink(XOVER_SOURCE_ROOT "/samples", folder_.path("samples"));
  }

  // By a shell, which stops at the first command that fails.
  ChildResult run(const std::vector<std::string>& launcher, const std::string& script) const {
    std::vector<std::string> words{"env",
                                   "-C",
                                   folder_.path(),
                                   "XDG_STATE_HOME=" + folder_.path("state"),
                                   "XOVER_PCI_A=0000:00:1e.6",
                                   "XOVER_PCI_B=0000:00:1e.7"};
    words.insert(words.end(), launcher.begin(), launcher.end());
    words.insert(words.end(), {"sh", "-ec", script});
    return run_program(words, bound);
  }

 private:
  TemporaryFolder folder_;
};

bool is_root() { return geteuid() == 0; }

// The interfaces of this host are out of reach, and those that are made go with the commands.
std::vector<std::string> in_a_network_of_its_own() {
  return is_root() ? std::vector<std::string>{"unshare", "--net"} : std::vector<std::string>{};
}

std::string script_of(const LabBlock& block) {
  std::string script;
  for (const std::string& line : block.lines)
    script += (under_sanitizer ? shortened_for_a_sanitizer(line) : shortened(line)) + '\n';
  return script;
}

class Labs : public testing::TestWithParam<LabBlock> {};

void expect_understood_here(const LabBlock& block) {
  const Checkout checkout;
  std::size_t calls = 0;
  for (const std::string& line : block.lines) {
    for (const std::string& call : calls_within(line)) {
      const ChildResult ended = checkout.run(in_a_network_of_its_own(), shortened(call));
      EXPECT_FALSE(ended.overdue) << call;
      EXPECT_NE(ended.exit_code, wrong_usage) << call << '\n' << ended.err;
      EXPECT_NE(ended.exit_code, -1) << call << '\n' << ended.err;
      ++calls;
    }
  }
  if (calls == 0) GTEST_SKIP() << "for another machine, and without a call of xover: " << block.lines.front();
}

TEST_P(Labs, CommandsDoWhatTheSheetSays) {
  const LabBlock& block = GetParam();
  ASSERT_EQ(block.error, "") << block.sheet << ".md:" << block.line;
  if (block.place == Place::elsewhere) return expect_understood_here(block);
  if (block.place == Place::as_root && !is_root()) GTEST_SKIP() << "needs root: " << block.lines.front();

  const std::string script = script_of(block);
  const bool makes_interfaces = block.lines.front().starts_with("ip ");
  const ChildResult ended =
      Checkout().run(makes_interfaces ? in_a_network_of_its_own() : std::vector<std::string>{}, script);
  const std::string missing = what_is_missing_here(ended.out);
  ASSERT_FALSE(ended.overdue) << script << ended.out << ended.err;
  if (ended.exit_code == nothing_could_run) GTEST_SKIP() << missing;
  const std::string forbidden = what_only_root_may(ended.out);
  if (ended.exit_code == some_failed && !is_root() && !forbidden.empty()) GTEST_SKIP() << forbidden;
  ASSERT_EQ(ended.exit_code, 0) << script << ended.out << ended.err;
  if (under_sanitizer) return;  // too slow to measure what was promised within the budget
  const std::string broken = first_broken_promise(ended.out, block.promised);
  if (!broken.empty() && !missing.empty()) GTEST_SKIP() << missing;
  EXPECT_EQ(broken, "") << "is not printed, or not in this order, by\n" << script << ended.out;
}

INSTANTIATE_TEST_SUITE_P(Sheets, Labs, testing::ValuesIn(all_blocks()), [](const auto& one) {
  std::string name = one.param.sheet + "_line_" + std::to_string(one.param.line);
  std::ranges::replace_if(name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

TEST(LabSheets, AreAllThere) {
  const std::vector<LabBlock> blocks = all_blocks();
  for (const char* sheet : {"pa02", "page-loan", "sdp", "files", "hft", "links", "dpdk", "lab-guest", "README"}) {
    EXPECT_TRUE(std::ranges::any_of(blocks, [&](const LabBlock& block) { return block.sheet == sheet; })) << sheet;
  }
}

}  // namespace
}  // namespace xover::test
