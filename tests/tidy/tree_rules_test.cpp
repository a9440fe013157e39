// Each rule about the tree finds a planted fault, and is content with the same tree without it.
#include "tests/tidy/tree_rules.h"

#include <gtest/gtest.h>

#include <fstream>

namespace xover::tidy {
namespace {

Complaints arrows_of(const std::string& path, const std::string& include) {
  return wrong_arrows({{path, "#include \"" + include + "\"\n"}});
}

TEST(WrongArrows, GoToTheRight) {
  EXPECT_EQ(arrows_of("core/a.cpp", "transports/b.h").size(), 1u);
  EXPECT_EQ(arrows_of("transports/tcp/a.cpp", "harness/b.h").size(), 1u);
  EXPECT_EQ(arrows_of("harness/a.cpp", "tests/b.h").size(), 1u);
  EXPECT_TRUE(arrows_of("tests/a.cpp", "harness/b.h").empty());
  EXPECT_TRUE(arrows_of("harness/a.cpp", "core/b.h").empty());
}

TEST(WrongArrows, GoFromOneFamilyToAnother) {
  EXPECT_EQ(arrows_of("transports/tcp/a.cpp", "transports/udp/b.h").size(), 1u);
  EXPECT_EQ(arrows_of("transports/tcp/a.cpp", "transports/table.h").size(), 1u);
  EXPECT_TRUE(arrows_of("transports/tcp/a.cpp", "transports/tcp/b.h").empty());
  EXPECT_TRUE(arrows_of("transports/tcp/a.cpp", "transports/common/b.h").empty());
  EXPECT_TRUE(arrows_of("transports/table.cpp", "transports/udp/b.h").empty());
}

TEST(WrongArrows, AreIncludesNotWrittenFromTheRoot) {
  EXPECT_EQ(arrows_of("core/a.cpp", "b.h").size(), 1u);
  EXPECT_EQ(arrows_of("core/a.cpp", "../core/b.h").size(), 1u);
}

TEST(OwnHeader, MustComeFirst) {
  const SourceFile header{"core/a.h", ""};
  EXPECT_TRUE(own_header_not_first({header, {"core/a.cpp", "// A.\n#include \"core/a.h\"\n#include <map>\n"}}).empty());
  EXPECT_EQ(own_header_not_first({header, {"core/a.cpp", "#include <map>\n#include \"core/a.h\"\n"}}).size(), 1u);
  EXPECT_TRUE(own_header_not_first({{"core/a.cpp", "#include <map>\n"}}).empty());
}

TEST(HeavyIncludes, BelongIntoSources) {
  EXPECT_EQ(heavy_includes_in_headers({{"core/a.h", "#include <nlohmann/json.hpp>\n"}}).size(), 1u);
  EXPECT_TRUE(heavy_includes_in_headers({{"core/a.h", "#include <nlohmann/json_fwd.hpp>\n"}}).empty());
  EXPECT_TRUE(heavy_includes_in_headers({{"core/a.cpp", "#include <nlohmann/json.hpp>\n"}}).empty());
}

TEST(UnlistedSources, AreInNoMesonBuildOfTheirFolders) {
  const SourceFile source{"core/a.cpp", ""};
  EXPECT_EQ(unlisted_sources({source, {"core/meson.build", "files('aa.cpp')"}}).size(), 1u);
  EXPECT_EQ(unlisted_sources({source, {"harness/meson.build", "files('a.cpp')"}}).size(), 1u);
  EXPECT_TRUE(unlisted_sources({source, {"core/meson.build", "files('a.cpp')"}}).empty());
  EXPECT_TRUE(unlisted_sources({source, {"meson.build", "executable('a', 'core/a.cpp')"}}).empty());
}

TEST(UnusedHeaders, AreFound) {
  const SourceFile header{"core/a.h", ""};
  EXPECT_EQ(unused_headers({header}).size(), 1u);
  EXPECT_TRUE(unused_headers({header, {"core/b.cpp", "#include \"core/a.h\"\n"}}).empty());
}

TEST(BrokenLinks, AreRelativeOnesThatLeadNowhere) {
  const auto root = std::filesystem::path(testing::TempDir()) / "xover_tidy_links";
  std::filesystem::create_directories(root / "docs");
  std::ofstream(root / "docs" / "there.md") << "x\n";
  EXPECT_EQ(broken_links({{"docs/a.md", "[a](missing.md)"}}, root).size(), 1u);
  EXPECT_TRUE(broken_links({{"docs/a.md", "[a](there.md) [b](there.md#part) [c](#part)"}}, root).empty());
  EXPECT_TRUE(broken_links({{"README.md", "[a](docs/there.md) [b](https://example.org/x)"}}, root).empty());
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace xover::tidy
