// What a person reads: it fits, it says who won and why, and it hides no failure.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "harness/analysis/cell_warnings.h"
#include "harness/reports/print_run.h"
#include "harness/reports/sentences.h"
#include "harness/reports/table.h"
#include "harness/reports/words.h"
#include "tests/unit/reports_document.h"

namespace xover {
namespace {

Terminal plain() { return {}; }

Terminal wide_utf8() {
  Terminal terminal;
  terminal.utf8 = true;
  return terminal;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Wrapped lines put together again.
std::string joined(const std::string& text) {
  std::string words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words += word + ' ';
  return words;
}

TEST(RunText, FitsAHundredColumns) {
  for (const ResultDocument& document : {sample_document(), large_document()}) {
    for (const Terminal& terminal : {plain(), wide_utf8()}) {
      for (const std::string& line : lines_of(run_text(document, terminal))) {
        EXPECT_LE(display_width(line), 100U) << line;
      }
    }
  }
}

TEST(RunText, IsPlainAsciiWithoutColourUnlessTheTerminalSaysOtherwise) {
  for (const char c : run_text(sample_document(), plain())) ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << int{c};
  EXPECT_TRUE(contains(run_text(sample_document(), wide_utf8()), "±"));
  Terminal colourful;
  colourful.colour = true;
  EXPECT_TRUE(contains(run_text(sample_document(), colourful), "\033["));
}

TEST(RunText, NamesFailuresWithReasonAndRemedy) {
  const std::string text = run_text(sample_document(), plain());
  EXPECT_TRUE(contains(text, "failed: the sender died"));
  EXPECT_TRUE(contains(text, "look for"));
  EXPECT_TRUE(contains(text, "was skipped: null has no receiver"));
}

TEST(RunText, SaysThatItWasBrokenOff) {
  ResultDocument document = sample_document();
  EXPECT_FALSE(contains(run_text(document, plain()), "BROKEN OFF"));
  document.complete = false;
  document.broken_off_because = "interrupted by the user";
  EXPECT_TRUE(contains(run_text(document, plain()), "BROKEN OFF: interrupted by the user"));
}

TEST(RunText, ManagesWithNothing) {
  EXPECT_FALSE(run_text(ResultDocument{}, plain()).empty());
  ResultDocument only_failures = sample_document();
  for (CellResult& cell : only_failures.cells) {
    cell = CellResult{.point_index = cell.point_index, .variant = cell.variant, .status = CellStatus::failed};
  }
  only_failures.comparisons.clear();
  EXPECT_TRUE(contains(run_text(only_failures, plain()), "failed"));
}

TEST(Table, SaysReferenceCyclesAndWhoCopied) {
  const std::string text = table_text(sample_document(), plain());
  EXPECT_TRUE(contains(text, "ref cycles"));
  EXPECT_TRUE(contains(text, "kernel, by design"));
  EXPECT_TRUE(contains(text, "kernel, after zero-copy was asked"));
  EXPECT_TRUE(contains(text, "nobody"));
  EXPECT_TRUE(contains(text, "handed over"));
}

TEST(Table, MarksWarningsAndGivesTheirAdvice) {
  const std::string text = table_text(sample_document(), plain());
  EXPECT_TRUE(contains(text, "kernel, after zero-copy was asked  a\n"));
  EXPECT_TRUE(contains(text, "a  copied after request: "));
}

// By what both ends counted in the rounds that count; nothing is said of a row where all was clean.
TEST(Table, TellsWhatTheNetworkDidToARow) {
  ResultDocument document = sample_document();
  CellResult& cell = document.cells[1];
  for (std::size_t i = 0; i < 3; ++i) {
    Sample& sample = cell.rounds[i].sample;
    sample.sender.counters["host_tcp_retransmitted_segments"] = 4;
    sample.receiver.counters["interface_rx_dropped_packets"] = 1;
    sample.receiver.counters["interface_rx_missed_packets"] = i;
    sample.receiver.counters["interface_tx_pause_frames"] = 2;
    sample.sender.counters["interface_rx_pause_frames"] = 1;
  }
  cell.rounds.back().sample.sender.counters["host_tcp_retransmitted_segments"] = 1000;
  ASSERT_FALSE(cell.rounds.back().accepted);
  for (CellResult& one : document.cells) renew_cell_warnings(one, document);
  const std::string text = joined(table_text(document, plain()));
  EXPECT_TRUE(contains(text,
                       "network interfered (12 segments sent again, 6 packets dropped, 6 pause frames, in 3 of 10 "
                       "rounds): "))
      << text;
  for (const CellResult& one : document.cells) {
    const bool warned = std::ranges::count(one.warnings, WarningKind::network_interfered, &Warning::kind) == 1;
    EXPECT_EQ(warned, &one == &cell);
  }
}

TEST(Words, LedgersReadAsTheyAre) {
  Ledger ledger;
  EXPECT_EQ(copied_by(ledger, plain(), false), "");
  ledger.complete(Handover::kernel_by_design, 1000);
  ledger.user_copied_bytes = 1000;
  EXPECT_EQ(copied_by(ledger, plain(), false), "user space x1 + kernel, by design");
  EXPECT_EQ(copied_by(ledger, wide_utf8(), true), "user ×1+kernel");

  Ledger mixed;
  mixed.complete(Handover::zero_copied, 1);
  mixed.complete(Handover::kernel_after_request, 99'999);
  EXPECT_EQ(copied_by(mixed, plain(), false), "kernel after all 99%, nobody 1%");

  Ledger user;
  user.complete(Handover::zero_copied, 100);
  user.user_copied_bytes = 200;
  EXPECT_EQ(copied_by(user, plain(), false), "user space x2");
}

TEST(Words, FiguresHaveThreeDigits) {
  EXPECT_EQ(format_figure(0.951), "0.951");
  EXPECT_EQ(format_figure(12.34), "12.3");
  EXPECT_EQ(format_figure(9.996), "10.0");
  EXPECT_EQ(format_figure(1740), "1740");
  EXPECT_EQ(format_count(950), "950");
  EXPECT_EQ(format_count(999.7), "1.00k");
  EXPECT_EQ(format_count(1'240'000), "1.24M");
}

TEST(Words, SpreadIsNeverNarrowerThanTheInterval) {
  EXPECT_EQ(format_spread({51.4, 50.11, 52.69}, plain()), "+-1.3");
  EXPECT_EQ(format_spread({51.4, 51.39, 51.41}, plain()), "+-0.1");
  EXPECT_EQ(format_spread({51.4, 40.0, 52.0}, plain()), "40.0 to 52.0");
}

TEST(Wrapping, KeepsTheWidthAndTheWords) {
  EXPECT_EQ(wrapped("one two three", 9, "> "), "> one two\n  three\n");
  EXPECT_EQ(wrapped("unbreakable", 4), "unbreakable\n");
  EXPECT_EQ(wrapped("", 10), "\n");
  EXPECT_EQ(shortened("abcdefgh", 6), "abc...");
  EXPECT_EQ(shortened("±±±±", 4), "±±±±");
  EXPECT_EQ(shortened("±±±±±", 4), "±...");
}

TEST(Sentences, SayWhoWonByHowMuchAndWhy) {
  ResultDocument document = sample_document();
  document.comparisons = {document.comparisons[6]};
  ASSERT_EQ(document.comparisons[0].candidate, "tcp.zerocopy");
  ASSERT_EQ(comparison_sentences(document).size(), 1U);
  EXPECT_EQ(comparison_sentences(document)[0],
            "64K on lo, one core: tcp.zerocopy moves 0.78 of what tcp.send moves (0.75 to 0.81, 10 rounds): slower. "
            "All its bytes were copied by the kernel after all, so it paid for pinning and notifications and saved "
            "nothing.");
}

TEST(Sentences, JoinNeighbouringSizesWithOneOutcome) {
  const std::vector<std::string> sentences = comparison_sentences(large_document());
  ASSERT_EQ(sentences.size(), 2U) << "32 comparisons with two outcomes";
  EXPECT_TRUE(
      contains(sentences[0], "256 to 16K on lo, one core, 1, 2, 4, 8 connections: tcp.sendmsg moves 1.10 times"));
  EXPECT_TRUE(contains(sentences[0], "It spares the copy in user space that tcp.send makes first."));
  EXPECT_TRUE(contains(sentences[1], "slower"));
}

TEST(Sentences, CutWhereTheVerdictChanges) {
  ResultDocument document = large_document();
  // One connection, 16K, tcp.sendmsg.
  document.comparisons[6].verdict = Verdict::indistinguishable;
  document.comparisons[6].ratio = {1.01, 0.98, 1.04};
  const std::vector<std::string> sentences = comparison_sentences(document);
  ASSERT_EQ(sentences.size(), 4U);
  EXPECT_TRUE(contains(sentences[0], "256 to 4K on lo, one core, 1 connection:"));
  EXPECT_TRUE(contains(sentences[1], "16K on lo, one core, 1 connection: tcp.sendmsg cannot be told from tcp.send"));
  EXPECT_TRUE(contains(sentences[2], "2, 4, 8 connections"));
}

TEST(Sentences, SayWhenOnlyTheNumberOfComparisonsIsInTheWay) {
  ResultDocument document = large_document();
  document.comparisons[6].verdict = Verdict::indistinguishable;
  document.comparisons[6].ratio = {1.10, 1.05, 1.15};
  EXPECT_TRUE(contains(comparison_sentences(document)[1], "tcp.sendmsg seems to differ from tcp.send"));
}

// The sentence about tcp.zerocopy against tcp.send at 64K, with this ledger and outcome.
std::string sentence_with(const Ledger& candidate, Verdict verdict) {
  ResultDocument document = sample_document();
  document.comparisons = {document.comparisons[6]};
  document.comparisons[0].verdict = verdict;
  for (CellResult& cell : document.cells) {
    if (cell.variant.id == "tcp.zerocopy") cell.sender_ledger = candidate;
  }
  return comparison_sentences(document).at(0);
}

TEST(Sentences, GiveZeroCopyAsTheReasonOnlyWhereTheLedgerShowsIt) {
  Ledger nobody, partly, unknown;
  nobody.complete(Handover::zero_copied, 100);
  partly.complete(Handover::zero_copied, 40);
  partly.complete(Handover::kernel_after_request, 60);
  unknown.complete(Handover::unverified, 100);
  EXPECT_TRUE(contains(sentence_with(nobody, Verdict::faster), "Nobody copied its bytes on the sending side;"));
  EXPECT_TRUE(contains(sentence_with(nobody, Verdict::slower), "doing without cost more than the copy"));
  EXPECT_TRUE(
      contains(sentence_with(partly, Verdict::slower), "60 % of its bytes were copied by the kernel after all"));
  EXPECT_FALSE(contains(sentence_with(partly, Verdict::faster), "not why")) << "the rest may be why";
  EXPECT_TRUE(sentence_with(unknown, Verdict::faster).ends_with("faster."));
}

TEST(Sentences, GiveNoVerdictFromTooFewRounds) {
  ResultDocument document = sample_document();
  document.comparisons = {document.comparisons[6]};
  document.comparisons[0].verdict = Verdict::too_few_rounds;
  document.comparisons[0].rounds = 3;
  const std::string sentence = comparison_sentences(document).at(0);
  EXPECT_TRUE(contains(sentence, "too few rounds to tell tcp.zerocopy from tcp.send"));
  EXPECT_FALSE(contains(sentence, "slower"));
  EXPECT_FALSE(contains(sentence, "kernel"));
}

}  // namespace
}  // namespace xover
