// What `xover diff` prints, for people and for programs.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/reports/diff_text.h"
#include "tests/unit/reports_document.h"

namespace xover {
namespace {

// Everything but the first cell, which is `null`, at 0.8 of its speed.
ResultDocument slower() {
  ResultDocument document = sample_document();
  for (CellResult& cell : document.cells)
    for (RoundRecord& round : cell.rounds)
      for (SideReport* side : {&round.sample.sender, &round.sample.receiver})
        if (side->last_ns > 0 && cell.has_receiver)
          side->last_ns = side->first_ns + (side->last_ns - side->first_ns) * 5 / 4;
  return document;
}

std::string text_of(const ResultDocument& a, const ResultDocument& b) {
  return diff_text(diff(a, b), {"a.json", "b.json", a, b, 2}, Terminal{});
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(DiffText, SaysInWordsWhatIsReal) {
  const std::string text = text_of(sample_document(), slower());
  EXPECT_TRUE(has(text, "what changed, and is real")) << text;
  EXPECT_TRUE(has(text, "tcp.send at size 4K is slower: goodput 0.800 of A's (")) << text;
  EXPECT_TRUE(has(text, "With only 2 restarts some real changes pass for noise")) << text;
  EXPECT_FALSE(has(text, "the machines differ")) << text;
}

TEST(DiffText, SaysWhenNothingIs) {
  const std::string text = text_of(sample_document(), sample_document());
  EXPECT_TRUE(has(text, "nothing changed beyond the noise")) << text;
  EXPECT_TRUE(has(text, "0 of ")) << text;
}

TEST(DiffText, SaysWhatWouldGiveAVerdict) {
  ResultDocument one_restart = sample_document();
  for (CellResult& cell : one_restart.cells)
    for (RoundRecord& round : cell.rounds) round.restart = 0;
  const std::string text = text_of(sample_document(), one_restart);
  EXPECT_TRUE(has(text, "too few")) << text;
  EXPECT_TRUE(has(text, "too few restarts or rounds to tell")) << text;
  EXPECT_TRUE(has(text, "--restarts 6 --rounds 12")) << text;
}

TEST(DiffText, MarksWhatSaysNothingAboutHardware) {
  ResultDocument emulated = slower();
  emulated.environment.facts["lab_guest"] = "pair";
  const std::string text = text_of(sample_document(), emulated);
  EXPECT_TRUE(has(text, "lab_guest: A not known; B pair")) << text;
  EXPECT_TRUE(has(text, "[emulated] tcp.send")) << text;
}

TEST(DiffText, PointsOutARunThatWasBrokenOff) {
  ResultDocument broken = sample_document();
  broken.complete = false;
  EXPECT_TRUE(has(text_of(sample_document(), broken), "BROKEN OFF"));
}

TEST(DiffJson, HasEachFigureWithItsVerdict) {
  const ResultDocument a = sample_document(), b = slower();
  const auto found = nlohmann::json::parse(diff_json(diff(a, b), {"a.json", "b.json", a, b, 2}));
  EXPECT_EQ(found["a"], "a.json");
  EXPECT_EQ(found["least_difference_percent"], 2);
  int real = 0;
  for (const auto& difference : found["differences"]) {
    EXPECT_EQ(difference.contains("b_is"), difference["verdict"] == "real");
    EXPECT_EQ(difference.contains("adjusted_p_value"), difference["verdict"] != "too_few");
    EXPECT_TRUE(difference.contains("connections"));
    if (difference["verdict"] != "real") continue;
    ++real;
    EXPECT_EQ(difference["b_is"], "slower");
    EXPECT_NEAR(difference["ratio"]["median"], 0.8, 0.001);
  }
  EXPECT_GT(real, 0);
}

}  // namespace
}  // namespace xover
