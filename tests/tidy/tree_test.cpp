// Holds the source tree against every rule. That the rules find what they should is tested beside them.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/tidy/code_rules.h"
#include "tests/tidy/one_definition.h"
#include "tests/tidy/tree_rules.h"

namespace xover::tidy {
namespace {

const SourceTree& tree() {
  static const SourceTree tree = read_source_tree(XOVER_SOURCE_ROOT);
  return tree;
}

void expect_none(const Complaints& complaints) {
  std::string all;
  for (const std::string& complaint : complaints) all += complaint + "\n";
  EXPECT_TRUE(all.empty()) << all;
}

void expect_kept_by_every_file(Complaints (*rule)(const SourceFile&)) {
  Complaints all;
  for (const SourceFile& file : tree()) {
    const Complaints complaints = rule(file);
    all.insert(all.end(), complaints.begin(), complaints.end());
  }
  expect_none(all);
}

TEST(SourceTree, IsReadAsAWhole) {
  const auto has = [](std::string_view path) {
    return std::any_of(tree().begin(), tree().end(), [&](const SourceFile& file) { return file.path == path; });
  };
  for (const char* path : {"meson.build", "dev", "README.md", "core/transport.h", "tests/tidy/tree_test.cpp"}) {
    EXPECT_TRUE(has(path)) << path;
  }
}

TEST(SourceTree, LinesFitIntoTheColumns) { expect_kept_by_every_file(long_lines); }
TEST(SourceTree, FilesAreShort) { expect_kept_by_every_file(long_file); }
TEST(SourceTree, FunctionsFitOnAScreen) { expect_kept_by_every_file(long_functions); }
TEST(SourceTree, FilesBeginWithTheirPurpose) { expect_kept_by_every_file(missing_first_comment); }
TEST(SourceTree, FilesEndWithANewline) { expect_kept_by_every_file(missing_last_newline); }
TEST(SourceTree, HasNoBannedWords) { expect_kept_by_every_file(banned_words); }
TEST(SourceTree, NamesNoPathsOfOneMachine) { expect_kept_by_every_file(paths_of_one_machine); }
TEST(SourceTree, IncludesGoLeftwardsOnly) { expect_none(wrong_arrows(tree())); }
TEST(SourceTree, SourcesIncludeTheirOwnHeaderFirst) { expect_none(own_header_not_first(tree())); }
TEST(SourceTree, HeadersAreCheapToInclude) { expect_none(heavy_includes_in_headers(tree())); }
TEST(SourceTree, TypesAreDefinedOnce) { expect_none(types_defined_twice(tree())); }
TEST(SourceTree, EverySourceIsBuilt) { expect_none(unlisted_sources(tree())); }
TEST(SourceTree, EveryHeaderIsUsed) { expect_none(unused_headers(tree())); }
TEST(SourceTree, LinksOfTheDocumentsLeadSomewhere) { expect_none(broken_links(tree(), XOVER_SOURCE_ROOT)); }

}  // namespace
}  // namespace xover::tidy
