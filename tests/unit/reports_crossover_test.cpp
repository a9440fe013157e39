// Crossovers in the result file and in words, and both on a machine that is emulated.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/analysis/compare.h"
#include "harness/analysis/crossover.h"
#include "harness/analysis/summarise.h"
#include "harness/reports/crossover_sentences.h"
#include "harness/reports/print_run.h"
#include "harness/reports/result_json.h"
#include "tests/unit/analysis_document.h"
#include "tests/unit/json_schema.h"

namespace xover {
namespace {

using Json = nlohmann::json;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// udp.send and udp.zerocopy on ifb at these sizes, the second as many times as fast as `ratio` says.
ResultDocument sink_document(double (*ratio)(double size_bytes)) {
  ResultDocument document;
  for (const std::uint64_t size_bytes : {1024u, 4096u, 16384u, 58880u}) {
    const std::size_t point = document.plan.points.size();
    document.plan.points.push_back(synthetic::point_of(Workload::stream, size_bytes));
    document.plan.points.back().point.placement = Placement::same_core;
    const double gbps = 10 * ratio(static_cast<double>(size_bytes));
    document.cells.push_back(synthetic::cell_of(point, "udp.send@ifb", synthetic::steady(10, 10, 0, size_bytes)));
    document.cells.push_back(synthetic::cell_of(point, "udp.zerocopy@ifb", synthetic::steady(gbps, 10, 1, size_bytes)));
  }
  for (CellResult& cell : document.cells) {
    cell.has_receiver = false;
    cell.substrate = Substrate::soft_device;
    cell.link_facts = {{"mtu_bytes", "1500"}, {"tso", "on"}, {"tx_queues", "1"}, {"driver", "ifb"}};
  }
  summarise(document);
  compare(document);
  find_crossovers(document);
  return document;
}

double crossing(double size_bytes) { return std::pow(size_bytes / 9339, 0.3); }

Json written(const ResultDocument& document) {
  std::ifstream file(XOVER_RESULT_SCHEMA);
  const Json schema = Json::parse(file);
  Json result = Json::parse(to_json_text(document));
  for (const std::string& problem : testing::schema_problems(schema, result)) ADD_FAILURE() << problem;
  return result;
}

TEST(CrossoverReport, JsonHasTheSizeWithItsIntervalAndTheAxes) {
  const Json result = written(sink_document(crossing));
  EXPECT_EQ(result.at("emulated"), false);
  ASSERT_EQ(result.at("crossovers").size(), 1U);
  const Json& crossover = result.at("crossovers").at(0);
  EXPECT_EQ(crossover.at("baseline"), "udp.send@ifb");
  EXPECT_EQ(crossover.at("candidate"), "udp.zerocopy@ifb");
  EXPECT_EQ(crossover.at("link"), "ifb");
  EXPECT_EQ(crossover.at("metric"), "goodput");
  EXPECT_EQ(crossover.at("verdict"), "at");
  EXPECT_EQ(crossover.at("emulated"), false);
  EXPECT_EQ(crossover.at("placement"), "same_core");
  EXPECT_EQ(crossover.at("sizes_tested"), Json({1024, 4096, 16384, 58880}));
  EXPECT_NEAR(crossover.at("size").at("estimate").get<double>(), 9339, 300);
  EXPECT_LT(crossover.at("size").at("low"), crossover.at("size").at("high"));
}

TEST(CrossoverReport, JsonHasNoSizeWhereNothingCrosses) {
  const Json crossover = written(sink_document([](double) { return 1.3; })).at("crossovers").at(0);
  EXPECT_EQ(crossover.at("verdict"), "below_tested");
  EXPECT_FALSE(crossover.contains("size"));
}

TEST(CrossoverReport, JsonHasTheFactsOfALink) {
  const Json cell = written(sink_document(crossing)).at("cells").at(0);
  EXPECT_EQ(cell.at("link_facts").at("mtu_bytes"), "1500");
}

std::string only_sentence(double (*ratio)(double size_bytes)) {
  const auto sentences = crossover_sentences(sink_document(ratio));
  EXPECT_EQ(sentences.size(), 1U);
  return sentences.empty() ? "" : sentences.front();
}

TEST(CrossoverReport, SaysInWordsWhereItCrosses) {
  const std::string crosses = only_sentence(crossing);
  EXPECT_TRUE(contains(crosses, "On ifb, one core: udp.zerocopy@ifb overtakes udp.send@ifb at 9.")) << crosses;
  EXPECT_TRUE(crosses.ends_with(") by what is handed over.")) << crosses;
  EXPECT_EQ(only_sentence([](double) { return 1.3; }),
            "On ifb, one core: udp.zerocopy@ifb is ahead of udp.send@ifb at every size tested (1K to 57.5K), by what "
            "is handed over.");
  EXPECT_TRUE(contains(only_sentence([](double) { return 0.8; }), "is behind udp.send@ifb at every size tested"));
  EXPECT_TRUE(
      contains(only_sentence([](double size) { return size == 4096 ? 1.2 : 0.8; }), "no one size divides them"));
  EXPECT_TRUE(contains(only_sentence([](double) { return 1.0; }), "may overtake udp.send@ifb or not: "));
}

TEST(CrossoverReport, TellsAllMetricsOfAPairInOneSentence) {
  ResultDocument document = sink_document(crossing);
  Crossover by_cpu = document.crossovers.front();
  by_cpu.metric = Metric::cpu;
  by_cpu.verdict = CrossoverVerdict::below_tested;
  document.crossovers.push_back(by_cpu);
  const auto sentences = crossover_sentences(document);
  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_TRUE(contains(sentences[0], "by what is handed over; it is ahead of udp.send@ifb")) << sentences[0];
  EXPECT_TRUE(contains(sentences[0], "by cycles per byte.")) << sentences[0];
}

TEST(CrossoverReport, StandsAmongTheSentencesAboutWhoWon) {
  const std::string text = run_text(sink_document(crossing), Terminal{});
  EXPECT_TRUE(contains(text, "\nwho won\n"));
  EXPECT_TRUE(contains(text, "overtakes udp.send@ifb at"));
  EXPECT_TRUE(contains(text, "udp.zerocopy@ifb hands over")) << "nobody receives, so nothing is moved";
  EXPECT_TRUE(contains(text, "    link  ifb: mtu 1500, tso on, queues 1\n")) << text;
  EXPECT_FALSE(contains(text, "emulated"));
}

TEST(CrossoverReport, IsNoEvidenceOnAnEmulatedMachine) {
  ResultDocument document = sink_document(crossing);
  document.findings = {{"a claim", "a source", "yes", "a figure"}};
  document.environment.facts["lab_guest"] = "wire";
  document.environment.facts["lab_guest_accel"] = "tcg";
  summarise(document);
  const std::string text = run_text(document, Terminal{});
  EXPECT_FALSE(contains(text, "\nwho won\n"));
  EXPECT_TRUE(contains(text, "\nwho won on this emulated machine, which says nothing about hardware\n"));
  EXPECT_TRUE(contains(text, "\ncrossovers of this emulated machine: no evidence, they say nothing about hardware\n"));
  EXPECT_TRUE(contains(text, "  * [emulated] On ifb, one core: udp.zerocopy@ifb overtakes"));
  EXPECT_TRUE(contains(text, "\ndoes it hold on this emulated machine, which says nothing about hardware?\n"));
  EXPECT_TRUE(contains(text, "emulated speeds (lab guest wire, accelerator tcg): "));
  EXPECT_TRUE(contains(text, "EMULATED (lab guest wire, accelerator tcg)"));
  const Json result = written(document);
  EXPECT_EQ(result.at("emulated"), true);
  EXPECT_EQ(result.at("crossovers").at(0).at("emulated"), true);
  for (const Json& cell : result.at("cells")) {
    EXPECT_EQ(cell.at("warnings").at(0).at("kind"), "emulated_speeds");
  }
}

}  // namespace
}  // namespace xover
