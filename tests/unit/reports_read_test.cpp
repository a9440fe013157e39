// Result files read back: nothing is lost on the way, and a file that is wrong is refused at the place where it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/analysis/compare.h"
#include "harness/analysis/figures.h"
#include "harness/analysis/summarise.h"
#include "harness/reports/csv.h"
#include "harness/reports/read_result.h"
#include "harness/reports/result_json.h"
#include "tests/unit/reports_document.h"

namespace xover {
namespace {

using Json = nlohmann::ordered_json;

void expect_same_again(const ResultDocument& document) {
  const std::string text = to_json_text(document);
  const auto read = parse_result(text, "test.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_json_text(*read), text);
}

std::string refusal(const std::string& text) {
  const auto read = parse_result(text, "test.json");
  if (read) return "accepted";
  EXPECT_EQ(read.error().code, ErrorCode::bad_input);
  return read.error().message();
}

std::string refusal_after(const std::function<void(Json&)>& change) {
  Json result = Json::parse(to_json_text(sample_document()));
  change(result);
  return refusal(result.dump());
}

testing::AssertionResult says(const std::string& message, std::initializer_list<const char*> parts) {
  for (const char* part : parts)
    if (message.find(part) == std::string::npos)
      return testing::AssertionFailure() << "'" << part << "' is not in: " << message;
  return testing::AssertionSuccess();
}

TEST(ReadResult, GivesTheSameTextAgain) {
  expect_same_again(sample_document());
  expect_same_again(large_document());
  expect_same_again(ResultDocument{});
}

TEST(ReadResult, GivesTheSameTextOfWhatIsRare) {
  ResultDocument document = sample_document();
  document.complete = false;
  document.broken_off_because = "interrupted";
  document.budget_spent = true;
  document.plan.seed = INT64_MAX;
  document.plan.soakers = false;
  document.plan.max_rounds = 40;
  document.plan.findings = "pa02";
  document.gate.rejected_by_variant = {{"tcp.send", 4}};
  document.comparisons[0].virtual_time = true;
  document.crossovers.push_back({.baseline = "tcp.send",
                                 .candidate = "tcp.zerocopy",
                                 .verdict = CrossoverVerdict::at,
                                 .size_bytes = {1000.25, 900, 1100},
                                 .sizes_tested = {4096, 65536}});
  document.assertions = {
      {"tcp.send goodput > 1", Holds::no, "", {{1, "tcp.send", {51, 50, 52}, 0.01, 0.02, Holds::no, ""}}},
      {"tcp.send zero_copied > 0.9", Holds::no, "", {{1, "tcp.send", {}, {}, {}, Holds::no, ""}}},
      {"crossover a/b cpu < 4K", Holds::undecided, "", {{0, "a/b", {}, {}, {}, Holds::undecided, "not separable"}}},
      {"x goodput > 1", Holds::undecided, "x did not run", {}}};
  CellResult& cell = document.cells[1];
  cell.link_facts = {{"mtu_bytes", "1500"}};
  for (RoundRecord& round : cell.rounds) {
    round.sample.sender.busy = 3;
    round.sample.sender.counters = {{"peak_pinned_bytes", 4096}, {"account_transfers", 2}};
    round.sample.sender.cpu.instructions = 17;
    round.sample.receiver.lost_messages = 2;
    round.sample.sender.copy_share = {.available = true, .samples = 100, .copy_samples = 60, .pin_samples = 4};
    round.sample.sender.ledger.user_copied_bytes = UINT64_MAX;
  }
  document.cells[2].rounds[0].sample.sender.copy_share.reason = "perf_event_paranoid is 4";
  expect_same_again(document);
}

TEST(ReadResult, GivesTheSameTextWhereFiguresAreNoNumbers) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  ResultDocument document = sample_document();
  CellResult& cell = document.cells[1];
  cell.goodput_gbps = {nan, nan, nan};
  cell.messages_per_second = {5, nan, inf};
  cell.latency = {nan, 1, inf, 2, 3, 1};
  cell.rounds[0].gate_efficiency = nan;
  cell.rounds[0].sample.sender.cpu.cycles = nan;
  document.comparisons[0].ratio = {nan, nan, nan};
  document.comparisons[0].p_value = nan;
  expect_same_again(document);
}

// Members that `part` does not have may be there besides.
bool has_all_of(const Json& whole, const Json& part) {
  if (part.is_object()) {
    return whole.is_object() && std::ranges::all_of(part.items(), [&](const auto& member) {
             return whole.contains(member.key()) && has_all_of(whole.at(member.key()), member.value());
           });
  }
  if (!part.is_array()) return whole == part;
  return whole.is_array() && std::ranges::equal(whole, part, has_all_of);
}

// Samples are results that were really measured. What this xover writes beyond what wrote them may differ.
TEST(ReadResult, ReadsWhatWasMeasured) {
  const auto root = std::filesystem::path(XOVER_RESULT_SCHEMA).parent_path().parent_path();
  int samples = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root / "samples")) {
    if (entry.path().extension() != ".json") continue;
    ++samples;
    const auto read = read_result(entry.path());
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_FALSE(read->cells.empty());
    expect_same_again(*read);
    std::ifstream file(entry.path());
    const Json as_written = Json::parse(file), again = Json::parse(to_json_text(*read));
    for (const char* key : {"environment", "gate", "comparisons", "cells"})
      EXPECT_TRUE(has_all_of(again.at(key), as_written.at(key))) << entry.path() << ": " << key;
  }
  EXPECT_GT(samples, 0);
}

// What is made of the rounds afterwards comes out the same, too.
TEST(ReadResult, RoundsCompareAsTheyDid) {
  ResultDocument document = sample_document();
  auto read = parse_result(to_json_text(document), "test.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(to_csv(*read), to_csv(document));
  compare(document);
  compare(*read);
  ASSERT_EQ(read->comparisons.size(), document.comparisons.size());
  ASSERT_FALSE(document.comparisons.empty());
  for (std::size_t i = 0; i < document.comparisons.size(); ++i) {
    EXPECT_EQ(read->comparisons[i].ratio.median, document.comparisons[i].ratio.median);
    EXPECT_EQ(read->comparisons[i].verdict, document.comparisons[i].verdict);
  }
}

TEST(ReadResult, PassesOverKeysThatItDoesNotKnow) {
  EXPECT_EQ(refusal_after([](Json& result) {
              result["surprise"] = 1;
              result["cells"][0]["surprise"] = Json::array();
            }),
            "accepted");
}

TEST(ReadResult, TakesDefaultsForAxesAndSettingsOfLater) {
  Json result = Json::parse(to_json_text(sample_document()));
  result["plan"].erase("soakers");
  result["plan"]["points"][0].erase("pages");
  const auto read = parse_result(result.dump(), "test.json");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(read->plan.soakers);
  EXPECT_EQ(read->plan.points[0].point.pages, PageKind::system);
}

TEST(ReadResult, RefusesANewerSchemaWithWhatToDo) {
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["schema"] = 2; }),
                   {"test.json", "newer xover", "schema 2", "read it with the xover that wrote it"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["schema"] = 0; }), {"test.json", "unknown version"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["schema"] = "1"; }), {"test.json: schema"}));
}

TEST(ReadResult, NamesThePlaceThatIsWrong) {
  EXPECT_TRUE(
      says(refusal_after([](Json& result) { result["cells"][3]["rounds"][2]["sender"]["cpu"]["source"] = "x"; }),
           {"test.json: cells[3].rounds[2].sender.cpu.source", "'x' is unknown"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["cells"][1]["goodput_gbps"]["median"] = nullptr; }),
                   {"cells[1].goodput_gbps.median", "expected a number, found null"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["cells"][1].erase("status"); }),
                   {"test.json: cells[1]", "expected a member 'status'"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["cells"][1]["point"] = 99; }), {"cells[1].point", "99"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["cells"][1]["variant"] = "tcp.sand"; }),
                   {"cells[1].variant", "'tcp.sand'"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["plan"]["points"][1]["size"] = -1; }),
                   {"plan.points[1].size", "found -1"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["plan"]["points"][1]["wait"] = "spni"; }),
                   {"plan.points[1].wait", "did you mean 'spin'?"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["comparisons"][0]["point"] = 4; }),
                   {"comparisons[0].point", "only 4 points"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["environment"]["kernel"] = 6; }),
                   {"environment.kernel", "expected text, found 6"}));
  EXPECT_TRUE(says(refusal_after([](Json& result) { result["cells"] = Json::object(); }),
                   {"cells", "expected an array, found an object"}));
}

TEST(ReadResult, RefusesWhatIsNoResult) {
  EXPECT_TRUE(says(refusal(""), {"test.json:1:1", "ends too early"}));
  EXPECT_TRUE(says(refusal("[1,\n 2,\n nonsense]"), {"test.json:3:", "no JSON"}));
  EXPECT_TRUE(says(refusal("[]"), {"no result of xover", "xover run --json FILE"}));
  EXPECT_TRUE(says(refusal("{\"schema\": 1, \"complete\": 1e999}"), {"out of range"}));
  EXPECT_TRUE(says(refusal(std::string(100'000, '[')), {"ends too early"}));
  const std::string text = to_json_text(sample_document());
  EXPECT_TRUE(says(refusal(text.substr(0, text.size() / 2)), {"ends too early"}));
}

TEST(ReadResult, RefusesFilesThatAreNone) {
  const auto read = read_result("/nonexistent/result.json");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::bad_input);
  EXPECT_TRUE(says(read.error().message(), {"/nonexistent/result.json"}));
  EXPECT_FALSE(read_result("/"));
}

}  // namespace
}  // namespace xover
