// Grids of sizes, and what is said of those that are none.
#include "harness/experiment/size_grid.h"

#include <gtest/gtest.h>

#include <string>

#include "harness/experiment/plan_from.h"

namespace xover {
namespace {

using Sizes = std::vector<std::uint64_t>;

constexpr std::uint64_t gib = 1 << 30;

Sizes sizes_of(const char* text) {
  const auto sizes = parse_sizes(text, gib);
  EXPECT_TRUE(sizes) << sizes.error().message();
  return sizes.value_or(Sizes{});
}

std::string complaint(const char* text) {
  const auto sizes = parse_sizes(text, gib);
  EXPECT_FALSE(sizes) << text;
  return sizes ? "" : sizes.error().message();
}

TEST(SizeGrid, DoublesFromTheFirstToTheLast) {
  EXPECT_EQ(sizes_of("1K..8K"), (Sizes{1024, 2048, 4096, 8192}));
  EXPECT_EQ(sizes_of("1000..7000"), (Sizes{1000, 2000, 4000, 7000}));
  EXPECT_EQ(sizes_of("1K..1M").size(), 11U);
}

TEST(SizeGrid, TakesStepsThatAreEasilyWritten) {
  EXPECT_EQ(sizes_of("1K..4K/2"), (Sizes{1024, 1440, 2048, 2880, 4096}));
  EXPECT_EQ(sizes_of("1K..1M/2").size(), 21U);
  EXPECT_EQ(sizes_of("1K..1M/16").size(), 161U);
  EXPECT_EQ(sizes_of("1..4/16"), (Sizes{1, 2, 3, 4})) << "each once";
}

TEST(SizeGrid, HasSizesBesideThem) {
  EXPECT_EQ(sizes_of("4K+-1"), (Sizes{4095, 4096, 4097}));
  EXPECT_EQ(sizes_of("2K..8K+-2K"), (Sizes{2048, 4096, 6144, 8192, 10240})) << "2K is half of 4K, and more of 2K";
  EXPECT_EQ(sizes_of("4K+-1+-2K"), (Sizes{2048, 4095, 4096, 4097, 6144}));
  EXPECT_EQ(sizes_of("1G+-1"), (Sizes{gib - 1, gib})) << "not beyond the greatest";
}

TEST(SizeGrid, TakesASizeForItself) {
  EXPECT_FALSE(is_size_grid("64K"));
  EXPECT_TRUE(is_size_grid("64K+-1"));
  EXPECT_TRUE(is_size_grid("1K..2K"));
  EXPECT_EQ(sizes_of("64K"), (Sizes{65536}));
}

TEST(SizeGrid, SaysWhatIsWrong) {
  for (const char* text :
       {"8K..1K", "1K..1K", "0..4K", "1K..", "..4K", "1K..x", "1K..4K/0", "1K..4K/17", "1K..4K/", "1K..4K/-1",
        "4K+-1+-2+-3+-4+-5+-6+-7+-8+-9", "4K+-", "4K+-0", "4K+-x", "+-1", "1K..2K..4K", "1K.. 4K"}) {
    const std::string said = complaint(text);
    EXPECT_NE(said.find(text), std::string::npos) << said;
    EXPECT_NE(said.find("expected sizes like 4K, 1K..1M, 1K..1M/2 or 1K..1M+-1"), std::string::npos) << said;
  }
  EXPECT_NE(complaint("8K..1K").find("a range goes from a size above 0 to a larger one"), std::string::npos);
}

Result<Plan> plan_with(const std::vector<std::string>& sizes) {
  PlanText text;
  text.name = "test";
  ExperimentText& experiment = text.experiments.emplace_back(ExperimentText{"command line", {}, {}});
  experiment.transports.push_back({"tcp.send", "--transports"});
  for (const std::string& size : sizes) experiment.axes["size"].push_back({size, "--sizes"});
  return make_plan(text);
}

TEST(SizeGrid, MakesPointsOfAPlan) {
  const auto plan = plan_with({"64", "1K..4K", "8K"});
  ASSERT_TRUE(plan) << plan.error().message();
  Sizes sizes;
  for (const PlannedPoint& planned : plan->points) sizes.push_back(planned.point.size_bytes);
  EXPECT_EQ(sizes, (Sizes{64, 1024, 2048, 4096, 8192}));
}

TEST(SizeGrid, IsCheckedAsEverySizeIs) {
  const auto twice = plan_with({"1K..4K", "2K"});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message().find("size 2K is there twice"), std::string::npos) << twice.error().message();
  const auto large = plan_with({"1G..4G"});
  ASSERT_FALSE(large);
  EXPECT_NE(large.error().message().find("is out of range"), std::string::npos) << large.error().message();
  const auto wrong = plan_with({"4K..1K"});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find("--sizes: size"), std::string::npos) << wrong.error().message();
}

}  // namespace
}  // namespace xover
