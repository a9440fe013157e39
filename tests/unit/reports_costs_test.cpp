// Cost models, reasons of crossovers and copy times: in the result file, read back from it, and in words.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/analysis/compare.h"
#include "harness/analysis/copy_time.h"
#include "harness/analysis/cost_model.h"
#include "harness/analysis/crossover.h"
#include "harness/analysis/summarise.h"
#include "harness/reports/cost_sentences.h"
#include "harness/reports/crossover_sentences.h"
#include "harness/reports/print_run.h"
#include "harness/reports/read_result.h"
#include "harness/reports/result_json.h"
#include "tests/unit/analysis_document.h"
#include "tests/unit/json_schema.h"

namespace xover {
namespace {

using Json = nlohmann::json;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

double knee_at_100k(double size_bytes) { return 1000 + 0.2 * size_bytes + 0.3 * std::max(0.0, size_bytes - 100'000); }

// tcp.send, 1000 ns and 0.2 ns a byte, more from 100K on, and tcp.zerocopy, 3000 ns and 0.1 ns: they meet at 20000.
ResultDocument costs_document() {
  ResultDocument document;
  for (std::uint64_t size_bytes = 1024; size_bytes <= 1 << 20; size_bytes *= 2) {
    const std::size_t point = document.plan.points.size();
    const double size = static_cast<double>(size_bytes);
    document.plan.points.push_back(synthetic::point_of(Workload::stream, size_bytes));
    document.plan.points.back().variants = {*parse_variant("tcp.send"), *parse_variant("tcp.zerocopy")};
    auto copied = synthetic::steady(8 * size / knee_at_100k(size), 10, point, size_bytes);
    for (Sample& sample : copied) {
      sample.sender.cpu.worker_ns = 1'000'000'000;
      sample.sender.copy_share = {true, "", 1000, 250, 0, 0};
    }
    document.cells.push_back(synthetic::cell_of(point, "tcp.send", copied));
    document.cells.push_back(synthetic::cell_of(
        point, "tcp.zerocopy", synthetic::steady(8 * size / (3000 + 0.1 * size), 10, point + 5, size_bytes)));
  }
  summarise(document);
  compare(document);
  find_crossovers(document);
  find_cost_models(document);
  find_copy_times(document);
  return document;
}

TEST(CostReport, SaysWhyItCrosses) {
  const ResultDocument document = costs_document();
  ASSERT_EQ(document.crossovers.size(), 1U);
  const Crossover& crossover = document.crossovers.front();
  ASSERT_EQ(crossover.verdict, CrossoverVerdict::at);
  EXPECT_NEAR(crossover.size_bytes.median, 20000, 600);
  ASSERT_TRUE(crossover.why);
  EXPECT_NEAR(crossover.why->fixed.median, 2000, 100);
  EXPECT_NEAR(crossover.why->per_byte.median, -0.1, 0.005);
  EXPECT_NEAR(-crossover.why->fixed.median / crossover.why->per_byte.median, crossover.size_bytes.median, 1);
  const auto sentences = crossover_sentences(document);
  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_TRUE(contains(sentences[0], ". Why: by what is moved, each message costs ")) << sentences[0];
  EXPECT_TRUE(contains(sentences[0], " us more and each byte 0.")) << sentences[0];
  EXPECT_TRUE(sentences[0].ends_with(" ns less.")) << sentences[0];
}

TEST(CostReport, SaysHowMuchMoreAndLess) {
  EXPECT_EQ(why_text({{2100, 2000, 2200}, {-0.085, -0.09, -0.08}}, Metric::goodput),
            "each message costs 2.10 us more and each byte 0.0850 ns less");
  EXPECT_EQ(why_text({{12300, 0, 0}, {-0.5, 0, 0}}, Metric::cpu),
            "each message costs 12.3k cycles more and each byte 0.500 cycles less");
}

TEST(CostReport, SaysWhetherFreshRoundsAgree) {
  ResultDocument document = costs_document();
  document.crossovers.front().confirmation = {19968, 10, {1.01, 0.99, 1.03}, true};
  const std::string agrees = crossover_sentences(document).at(0);
  EXPECT_TRUE(contains(agrees, " Fresh rounds at 19.5K agree by what is moved: a ratio of 1.01 (0.990 to 1.03)."))
      << agrees;
  document.crossovers.front().confirmation->agrees = false;
  EXPECT_TRUE(contains(crossover_sentences(document).at(0), " do not agree "));
}

TEST(CostReport, SaysWhereOneLineDoesNotHoldAndWhatCopyingTakes) {
  const ResultDocument document = costs_document();
  const auto sentences = cost_sentences(document);
  ASSERT_EQ(sentences.size(), 3U);
  EXPECT_TRUE(sentences[0].starts_with("On lo: by the time from message to message, tcp.send costs ")) << sentences[0];
  EXPECT_TRUE(contains(sentences[0], " for each byte up to messages of about 9")) << sentences[0];
  EXPECT_TRUE(contains(sentences[1], "In the terms of Skevik et al. (2001, section 3.2)")) << sentences[1];
  EXPECT_TRUE(sentences[2].starts_with("On lo: a send of tcp.send. 1K: t1 ")) << sentences[2];
  EXPECT_TRUE(contains(sentences[2], "; 64K: t1 ")) << sentences[2];
  EXPECT_TRUE(contains(run_text(document, Terminal{}), "\nwhat a message costs\n"));
}

TEST(CostReport, IsWrittenByTheSchema) {
  std::ifstream file(XOVER_RESULT_SCHEMA);
  ResultDocument document = costs_document();
  document.crossovers.front().confirmation = {19968, 10, {1.01, 0.99, 1.03}, true};
  const Json result = Json::parse(to_json_text(document));
  for (const std::string& problem : testing::schema_problems(Json::parse(file), result)) ADD_FAILURE() << problem;
  const Json& model = result.at("cost_models").at(0);
  EXPECT_EQ(model.at("unit"), "ns");
  EXPECT_FALSE(model.contains("size"));
  EXPECT_TRUE(model.contains("knee"));
  EXPECT_EQ(result.at("copy_times").at(3).at("size"), 8192);
  EXPECT_TRUE(result.at("crossovers").at(0).contains("why"));
}

TEST(CostReport, IsReadBack) {
  ResultDocument document = costs_document();
  document.crossovers.front().confirmation = {19968, 10, {1.01, 0.99, 1.03}, true};
  const auto path = std::filesystem::path(::testing::TempDir()) / "xover_costs.json";
  std::ofstream(path) << to_json_text(document);
  const auto read = read_result(path.string());
  std::filesystem::remove(path);
  ASSERT_TRUE(read) << read.error().message();
  // What is written again is the same: nothing was lost.
  const Json before = Json::parse(to_json_text(document)), after = Json::parse(to_json_text(*read));
  for (const char* key : {"crossovers", "cost_models", "copy_times"}) EXPECT_EQ(after.at(key), before.at(key)) << key;
  EXPECT_EQ(read->cost_models.size(), document.cost_models.size());
}

}  // namespace
}  // namespace xover
