// The sample results are ones of the schema, small, and say nothing about whose machine they are from.
#include <array>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes = 300 << 10;
constexpr std::array paths{"\"/home", "\"/root", "\"/tmp", "\"/mnt", "\"/media", "\"/opt"};

TEST(Samples, AreSmallValidResultsWithoutNamesOrPaths) {
  std::size_t samples = 0;
  for (const auto& entry : fs::directory_iterator(XOVER_SOURCE_ROOT "/samples")) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const std::string text = file_text(entry.path());
    EXPECT_LT(text.size(), most_bytes);
    EXPECT_EQ(result_problems(text), std::vector<std::string>());
    for (const char* path : paths) EXPECT_EQ(text.find(path), std::string::npos) << path;
    const nlohmann::json result = nlohmann::json::parse(text);
    EXPECT_TRUE(result["complete"].get<bool>());
    EXPECT_FALSE(result["environment"].contains("hostname"));
    ++samples;
  }
  EXPECT_GE(samples, 1u);
}

}  // namespace
}  // namespace xover::test
