// The result file: it parses back, obeys its schema, and has no figure that was not measured.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/reports/result_json.h"
#include "tests/unit/json_schema.h"
#include "tests/unit/reports_document.h"

namespace xover {
namespace {

using Json = nlohmann::json;

Json schema() {
  std::ifstream file(XOVER_RESULT_SCHEMA);
  EXPECT_TRUE(file) << "cannot read " XOVER_RESULT_SCHEMA;
  return Json::parse(file);
}

Json written(const ResultDocument& document) { return Json::parse(to_json_text(document)); }

void expect_valid(const Json& instance) {
  for (const std::string& problem : testing::schema_problems(schema(), instance)) ADD_FAILURE() << problem;
}

const Json& cell_of(const Json& result, const std::string& transport, std::uint64_t size) {
  for (const Json& cell : result.at("cells")) {
    if (cell.at("transport") == transport && cell.at("size") == size) return cell;
  }
  throw std::runtime_error("no such cell");
}

TEST(ResultJson, ObeysItsSchema) {
  expect_valid(written(sample_document()));
  expect_valid(written(large_document()));
  expect_valid(written(ResultDocument{}));
}

TEST(ResultJson, SchemaRefusesWhatIsWrong) {
  const auto problems = [](const Json& instance) { return testing::schema_problems(schema(), instance).size(); };
  const Json right = written(sample_document());
  Json wrong = right;
  wrong["cells"][0]["status"] = "fine";
  EXPECT_EQ(problems(wrong), 1U);
  wrong = right;
  wrong["cells"][0]["surprise"] = 1;
  EXPECT_EQ(problems(wrong), 1U);
  wrong = right;
  wrong["cells"][0].erase("substrate");
  EXPECT_EQ(problems(wrong), 1U);
  wrong = right;
  wrong["cells"][1]["goodput_gbps"]["median"] = nullptr;
  EXPECT_EQ(problems(wrong), 1U);
}

TEST(ResultJson, CarriesEveryAxisAndTheFigures) {
  const Json cell = cell_of(written(sample_document()), "tcp.send", 65536);
  EXPECT_EQ(cell.at("workload"), "stream");
  EXPECT_EQ(cell.at("depth"), 8);
  EXPECT_EQ(cell.at("placement"), "same_core");
  EXPECT_EQ(cell.at("link"), "lo");
  EXPECT_DOUBLE_EQ(cell.at("goodput_gbps").at("median"), 51.4);
  EXPECT_EQ(cell.at("cpu").at("source"), "tsc");
  EXPECT_TRUE(cell.at("cpu").contains("reference_cycles"));
  EXPECT_FALSE(cell.at("cpu").contains("cycles")) << "reference cycles must not pass for cycles";
  EXPECT_EQ(cell.at("rounds").size(), 11U);
  EXPECT_EQ(cell.at("rounds_accepted"), 10);
  EXPECT_EQ(cell.at("facts").at("sender").at("congestion_control"), "cubic");
}

// Sessions count submits that met a full queue by the same word.
TEST(ResultJson, BusyIsWhatTheHarnessSaw) {
  ResultDocument document = sample_document();
  for (CellResult& each : document.cells)
    for (RoundRecord& round : each.rounds) {
      round.sample.sender.busy = 2;
      round.sample.sender.counters["busy"] = 9;
    }
  const Json cell = cell_of(written(document), "tcp.send", 65536);
  EXPECT_EQ(cell.at("counters").at("sender").at("busy"), 20);
}

TEST(ResultJson, RejectedRoundsCountInNoTotal) {
  const Json cell = cell_of(written(sample_document()), "tcp.send", 65536);
  std::uint64_t accepted_bytes = 0;
  for (const Json& round : cell.at("rounds")) {
    if (round.at("accepted").get<bool>()) accepted_bytes += round.at("receiver").at("bytes").get<std::uint64_t>();
  }
  EXPECT_EQ(cell.at("bytes"), accepted_bytes);
  EXPECT_EQ(cell.at("counters").at("sender").at("notifications"), 70);
}

TEST(ResultJson, LedgerClassesSumToTheBytesCompleted) {
  const Json result = written(sample_document());
  for (const Json& cell : result.at("cells")) {
    if (!cell.contains("ledger")) continue;
    for (const char* side : {"sender", "receiver"}) {
      const Json& ledger = cell.at("ledger").at(side);
      std::uint64_t sum = 0;
      for (const char* name : {"kernel_by_design", "kernel_after_request", "driver", "zero_copied", "unverified"}) {
        sum += ledger.at(name).get<std::uint64_t>();
      }
      EXPECT_EQ(ledger.at("completed"), sum);
    }
  }
}

TEST(ResultJson, ALinkWithoutReceiverHasNoGoodput) {
  const Json cell = cell_of(written(sample_document()), "null", 4096);
  EXPECT_FALSE(cell.contains("goodput_gbps"));
  EXPECT_TRUE(cell.contains("handed_over_gbps"));
  EXPECT_FALSE(cell.at("rounds").at(0).contains("goodput_gbps"));
  EXPECT_FALSE(cell.at("rounds").at(0).contains("receiver"));
}

TEST(ResultJson, FailedCellsSayWhyAndHaveNoFigures) {
  const Json cell = cell_of(written(sample_document()), "tcp.zerocopy", 1 << 20);
  EXPECT_EQ(cell.at("status"), "failed");
  EXPECT_EQ(cell.at("reason"), "the sender died: killed by signal 9");
  EXPECT_FALSE(cell.at("remedy").get<std::string>().empty());
  for (const char* figure : {"goodput_gbps", "messages_per_second", "latency_us", "cpu", "ledger", "bytes"}) {
    EXPECT_FALSE(cell.contains(figure)) << figure;
  }
}

TEST(ResultJson, FiguresThatAreNoNumbersAreAbsent) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  ResultDocument document = sample_document();
  CellResult& cell = document.cells[1];
  cell.goodput_gbps = {nan, nan, nan};
  cell.messages_per_second = {5, nan, inf};
  cell.cycles_per_byte = {inf, 0, 0};
  cell.latency = {nan, 1, inf, 2, 3, 1};
  cell.rounds[0].gate_efficiency = nan;
  cell.rounds[0].sample.sender.cpu.cycles = nan;
  document.comparisons[0].ratio = {nan, nan, nan};
  document.comparisons[0].p_value = nan;

  const std::string text = to_json_text(document);
  EXPECT_EQ(text.find("null,"), std::string::npos);
  const Json result = Json::parse(text);
  expect_valid(result);
  const Json& written_cell = result.at("cells").at(1);
  EXPECT_FALSE(written_cell.contains("goodput_gbps"));
  EXPECT_EQ(written_cell.at("messages_per_second"), Json({{"median", 5.0}}));
  EXPECT_FALSE(written_cell.at("latency_us").contains("p50"));
  EXPECT_TRUE(written_cell.at("latency_us").contains("p90"));
  EXPECT_FALSE(result.at("comparisons").at(0).contains("ratio"));
}

TEST(ResultJson, ForeignBytesDoNotBreakIt) {
  ResultDocument document = sample_document();
  document.environment.facts["cpu_model"] = "bad \xff\xfe bytes \"quoted\"\n";
  document.complete = false;
  document.broken_off_because = "interrupted";
  const Json result = written(document);
  expect_valid(result);
  EXPECT_EQ(result.at("complete"), false);
  EXPECT_EQ(result.at("broken_off_because"), "interrupted");
}

}  // namespace
}  // namespace xover
