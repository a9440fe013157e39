// TOML files: what they may say, and where a message points when they say something else. Presets are such files.
#include "harness/experiment/toml_file.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "harness/experiment/plan_from.h"
#include "harness/experiment/presets.h"

namespace xover {
namespace {

std::string error_of(std::string_view text) {
  const auto plan = parse_toml(text, "f.toml", "f").and_then(make_plan);
  EXPECT_FALSE(plan) << text;
  return plan ? std::string{} : plan.error().message();
}

void expect_at(std::string_view text, std::string_view place, std::string_view part) {
  const std::string message = error_of(text);
  EXPECT_TRUE(message.starts_with(place)) << message;
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

std::size_t cells_of(const Plan& plan) {
  std::size_t cells = 0;
  for (const PlannedPoint& planned : plan.points) cells += planned.variants.size();
  return cells;
}

TEST(Toml, PointsAtLineAndColumn) {
  expect_at("transports = ['tcp.send']\n[axes]\nsizes = ['4K', '6Q']\n", "f.toml:3:16: size", "not a size");
  expect_at("transports = ['tcp.send',\n  'tcp.sned']\n", "f.toml:2:3", "'tcp.send'");
  expect_at("[run]\nruonds = 3\n", "f.toml:2:1", "'rounds'");
  expect_at("transports = ['tcp.send']\n[run]\nrounds = 0\n", "f.toml:3:10: rounds", "from 1 to 10000");
  expect_at("transports = \n", "f.toml:1:", "no valid TOML");
}

TEST(Toml, SaysWhereAKeyBelongs) {
  expect_at("size = 4096\n", "f.toml:1:1", "[axes]");
  expect_at("rounds = 3\n", "f.toml:1:1", "[run]");
  expect_at("[axes]\nrounds = 3\n", "f.toml:2:1", "[run]");
}

TEST(Toml, WantsTheRightTypes) {
  expect_at("transports = [1]\n", "f.toml:1:15", "an integer");
  expect_at("transports = 'tcp.send'\naxes = 3\n", "f.toml:2:8", "[axes]");
  expect_at("[run]\nduration = 300\n", "f.toml:2:12", "duration");
  expect_at("[run]\ngate = 'yes'\n", "f.toml:2:8", "true or false");
  expect_at("[axes]\nsize = 1.5\n", "f.toml:2:8", "fraction");
  expect_at("[axes]\nsize = []\n", "f.toml:2:8", "empty list");
  expect_at("[experiment]\n", "f.toml:1:1", "[[experiment]]");
}

TEST(Toml, TakesNameOrPluralButNotBoth) {
  expect_at("transports = ['tcp.send']\n[axes]\nsize = 1\nsizes = [2]\n", "f.toml:", "there twice");
}

TEST(Toml, GivesExperimentsWhatTheTopSays) {
  const auto plan = parse_toml(
                        "transports = ['tcp.send']\n[axes]\nfields = 2\nsize = '4K'\n"
                        "[[experiment]]\n[experiment.axes]\nsize = '8K'\n"
                        "[[experiment]]\ntransports = ['null']\n",
                        "f.toml", "f")
                        .and_then(make_plan);
  ASSERT_TRUE(plan) << plan.error().message();
  ASSERT_EQ(plan->points.size(), 2u);
  EXPECT_EQ(plan->points[0].point.size_bytes, 8192u);
  EXPECT_EQ(plan->points[0].point.fields, 2u);
  EXPECT_EQ(plan->points[1].point.size_bytes, 4096u);
  EXPECT_EQ(plan->points[1].variants.front().id, "null");
}

TEST(Presets, AllMakeAPlan) {
  ASSERT_FALSE(presets().empty());
  for (const Preset& preset : presets()) {
    const auto plan = load_experiment(preset.name).and_then(make_plan);
    ASSERT_TRUE(plan) << plan.error().message();
    EXPECT_EQ(plan->name, preset.name);
    EXPECT_FALSE(plan->summary.empty()) << preset.name;
  }
}

TEST(Presets, Pa02HasItsCells) {
  const auto plan = load_experiment("pa02").and_then(make_plan);
  ASSERT_TRUE(plan);
  EXPECT_EQ(cells_of(*plan), 48u);
  EXPECT_EQ(plan->findings, "pa02");
  for (const PlannedPoint& planned : plan->points) EXPECT_EQ(planned.point.fields, 8u);
}

TEST(Presets, UvmSamplesKernelSymbols) {
  const auto plan = load_experiment("uvm").and_then(make_plan);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->kernel_symbols);
  EXPECT_EQ(cells_of(*plan), 24u);
}

TEST(Presets, QuickSpendsLessThanHalfAMinuteInItsSamples) {
  const auto plan = load_experiment("quick").and_then(make_plan);
  ASSERT_TRUE(plan);
  const auto samples = static_cast<std::int64_t>(cells_of(*plan) * plan->max_rounds);
  EXPECT_LT(samples * (plan->duration_ns + plan->warmup_ns), 30'000'000'000);
  EXPECT_TRUE(std::any_of(plan->points.begin(), plan->points.end(),
                          [](const PlannedPoint& planned) { return planned.point.workload == Workload::pingpong; }));
}

TEST(Presets, AreFoundByTheirNearestName) {
  const auto wrong = load_experiment("quik");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find("'quick'"), std::string::npos) << wrong.error().message();
}

}  // namespace
}  // namespace xover
