// The HTML report as text: what is in it, and that nothing of a document can become markup. How it looks and works is
// tests/browser's.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/analysis/account.h"
#include "harness/reports/crossover_sentences.h"
#include "harness/reports/html/account_charts.h"
#include "harness/reports/html/html_report.h"
#include "harness/reports/html/ledger_charts.h"
#include "harness/reports/html/markup.h"
#include "harness/reports/html/section_charts.h"
#include "harness/reports/sentences.h"
#include "harness/reports/words.h"
#include "tests/unit/reports_document.h"

namespace xover {
namespace {

using namespace html;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Without what is the same in every report.
std::string body_of(const ResultDocument& document) {
  const std::string page = html_report(document);
  return page.substr(page.find("<body>"), page.find("<script>") - page.find("<body>"));
}

ChartGroup charts_of(const ResultDocument& document, std::size_t section) {
  return section_charts(document, sections_of(document).at(section),
                        Styles(document, sections_of(document).at(section)), "test");
}

TEST(HtmlEscaping, LeavesNoMarkupAndReplacesWhatIsNoText) {
  EXPECT_EQ(escaped("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
  EXPECT_EQ(escaped("µ\n\t"), "µ\n\t");
  EXPECT_EQ(escaped(std::string("\0\x1b\x7f", 3)), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(escaped("\xff\xc3"), "\uFFFD\uFFFD");
}

TEST(HtmlEscaping, JsonCannotEndItsElementAndReadsTheSame) {
  const nlohmann::ordered_json json{{"text", "</script><!--&\u2028"}};
  const std::string text = json_for_script(json);
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
  EXPECT_EQ(nlohmann::ordered_json::parse(text), json);
}

TEST(HtmlReport, HoldsTheTextOfADocumentAsTextAlone) {
  const std::string page = html_report(hostile_document()), clean = html_report(sample_document());
  EXPECT_FALSE(contains(page, "<img"));
  EXPECT_EQ(count(page, "</script"), count(clean, "</script"));
  EXPECT_EQ(count(page, "<!--"), 0u);
  EXPECT_EQ(page.find('\x01'), std::string::npos);
  const std::string shown = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;&lt;!--\uFFFD\uFFFD";
  EXPECT_TRUE(contains(page, "<h1>" + shown + "</h1>"));
  EXPECT_GT(count(page, shown), 30u);
}

TEST(HtmlReport, AllowsItsOwnScriptAndStyleAndNothingElse) {
  const std::string page = html_report(sample_document());
  EXPECT_TRUE(contains(page, "default-src 'none'; script-src 'sha256-"));
  EXPECT_FALSE(contains(page, "unsafe-inline"));
  EXPECT_FALSE(contains(page, " style=\""));
  EXPECT_FALSE(contains(page, "<link"));
  EXPECT_FALSE(contains(body_of(sample_document()), "src="));
  EXPECT_FALSE(contains(body_of(sample_document()), "href="));
}

TEST(HtmlReport, SaysWhatTheTerminalSays) {
  const ResultDocument document = sample_document(), sweep = sweep_document();
  const std::string page = body_of(document);
  EXPECT_TRUE(contains(page, "<h1>" + document.plan.summary + "</h1>"));
  EXPECT_TRUE(contains(page, "Some CPU, 2 CPUs, Linux 6.18"));
  for (const std::string& sentence : comparison_sentences(document)) EXPECT_TRUE(contains(page, escaped(sentence)));
  for (const std::string& sentence : crossover_sentences(sweep))
    EXPECT_TRUE(contains(body_of(sweep), escaped(sentence)));
  for (const Finding& finding : document.findings) EXPECT_TRUE(contains(page, escaped(finding.figure)));
  EXPECT_TRUE(contains(page, "the sender died: killed by signal 9. What to do: look for the OOM killer"));
  EXPECT_TRUE(contains(page, "null has no receiver to answer"));
  EXPECT_TRUE(contains(page, escaped(warning_text(WarningKind::cores_not_ours, "4 of 44 rounds"))));
  EXPECT_TRUE(contains(page, "of 15 cells: copied after request"));
}

TEST(HtmlReport, NamesBothHostsOfARunBetweenTwo) {
  ResultDocument document = sample_document();
  const std::string alone = body_of(document);
  EXPECT_TRUE(contains(alone, "<dd>Some CPU, 2 CPUs, Linux 6.18</dd>"));
  EXPECT_FALSE(contains(alone, "<dt>Peer</dt>"));
  EXPECT_EQ(count(alone, "<summary>Everything known about"), 1u);
  document.peer =
      PeerHost{"far<1>:7477", {{{"cpu_model", "Other CPU"}, {"cpus_allowed", "64"}, {"kernel", "Linux 7"}}}};
  for (CellResult& cell : document.cells)
    cell.link_facts = {{"near_interface", "eth0"},   {"near_driver", "mlx5_core"}, {"near_speed_mbps", "25000"},
                       {"near_mtu_bytes", "9000"},   {"far_interface", "eno1"},    {"far_driver", "ice"},
                       {"far_speed_mbps", "100000"}, {"far_mtu_bytes", "1500"},    {"far_tso", "on"}};
  document.cells.back().link_facts = {{"far_interface", "lo"}};
  const std::string page = body_of(document);
  EXPECT_TRUE(contains(page, "<dd>Some CPU, 2 CPUs, Linux 6.18; eth0, mlx5_core, 25000 Mbit/s, MTU 9000</dd>"));
  EXPECT_TRUE(contains(
      page, "<dd>far&lt;1&gt;:7477: Other CPU, 64 CPUs, Linux 7; eno1, ice, 100000 Mbit/s, MTU 1500; lo</dd>"));
  EXPECT_TRUE(contains(page, "Everything known about its peer far&lt;1&gt;:7477"));
  EXPECT_TRUE(contains(page, "<tr><th scope=\"row\">cpu_model</th><td>Other CPU</td></tr>"));
}

TEST(HtmlReport, HasEveryFigureOfEveryCell) {
  for (const ResultDocument& document : {sample_document(), large_document(), sweep_document()}) {
    const std::string page = body_of(document);
    const auto expect = [&](double value) {
      if (value > 0) EXPECT_TRUE(contains(page, fmt::format("<data value=\"{}\">", value))) << value;
    };
    for (const CellResult& cell : document.cells) {
      expect(cell.has_receiver ? cell.goodput_gbps.median : cell.handed_over_gbps.median);
      expect(cell.goodput_gbps.low);
      expect(cell.messages_per_second.median);
      expect(cell.cycles_per_byte.median);
      expect(cell.latency.p50_us);
      expect(cell.latency.p999_us);
    }
    for (const Comparison& comparison : document.comparisons) expect(comparison.ratio.median);
  }
}

TEST(HtmlReport, TellsWhatAMessageCostsOnEitherSideOfAKnee) {
  ResultDocument document = sample_document();
  EXPECT_FALSE(contains(body_of(document), "What a message costs"));
  CostModel model;
  model.variant = "tcp.send";
  model.line = {{2000, 1900, 2100}, {0.32, 0.3, 0.34}};
  document.cost_models.push_back(model);
  EXPECT_TRUE(contains(body_of(document), "<data value=\"2000\">2000</data> <small>(1900 to 2100)</small>"));
  EXPECT_TRUE(contains(body_of(document), "<td>all</td>"));
  document.cost_models.front().knee = {{65536, 60000, 70000}, {{-500, -600, -400}, {0.45, 0.4, 0.5}}};
  const std::string page = body_of(document);
  EXPECT_TRUE(contains(page, "<td>below 64.0K</td>") && contains(page, "<td>above 64.0K</td>"));
  EXPECT_TRUE(contains(page, "<data value=\"-500\">-500</data>"));
}

TEST(HtmlReport, HoldsWhatWasAsserted) {
  ResultDocument document = sample_document();
  document.assertions.push_back({"tcp.send goodput > 1 @ 64K", Holds::no, "nothing is there", {}});
  const std::string page = body_of(document);
  EXPECT_TRUE(contains(page, "<b>does not hold</b> <code>tcp.send goodput &gt; 1 @ 64K</code>"));
  EXPECT_TRUE(contains(page, "nothing is there"));
}

TEST(HtmlReport, OfARunWithoutAQuestionIsTitledByWhatItCompared) {
  ResultDocument document = sweep_document();
  document.plan.summary.clear();
  EXPECT_TRUE(contains(body_of(document), "<h1>tcp.sendmsg@veth, tcp.zerocopy@veth</h1>"));
}

TEST(HtmlReport, OfAnEmptyDocumentHasNothingButItsHead) {
  const std::string page = body_of({});
  for (const char* part : {"<section", "<canvas", "<table", "<ul"}) EXPECT_FALSE(contains(page, part)) << part;
  EXPECT_TRUE(html_report({}).ends_with("</html>\n"));
}

TEST(HtmlReport, MarksWhatIsNoEvidence) {
  ResultDocument document = sample_document();
  EXPECT_FALSE(contains(body_of(document), "emulated machine"));
  document.environment.facts["lab_guest"] = "wire";
  document.environment.facts["hypervisor"] = "TCGTCGTCGTCG";
  EXPECT_TRUE(contains(body_of(document), "its speeds say nothing about hardware"));
  EXPECT_TRUE(contains(body_of(document), "[emulated] "));
  document.complete = false;
  EXPECT_TRUE(contains(body_of(document), "BROKEN OFF"));
}

TEST(HtmlCharts, KeepApartWhatIsNotToBeRanked) {
  ResultDocument document = sample_document();
  document.cells[1].substrate = Substrate::simulated;
  std::set<std::set<std::string>> together;
  for (std::size_t i = 0; i < sections_of(document).size(); ++i) {
    for (const Panel& panel : charts_of(document, i).panels) {
      for (const Chart& chart : panel.charts) {
        std::set<std::string> names;
        for (const Series& series : chart.series) names.insert(series.name);
        together.insert(names);
        if (names.contains("null@sink")) EXPECT_EQ(names.size(), 1u);
      }
    }
  }
  EXPECT_EQ(charts_of(document, 1).panels.front().charts.front().title, "Virtual goodput");
  EXPECT_TRUE(contains(body_of(document), "Virtual time: a model"));
}

TEST(HtmlCharts, AnAxisThatFollowsTheSizeSplitsNothing) {
  ResultDocument document = sample_document();
  document.plan.points[2].point.depth = 2;
  const ChartGroup group = charts_of(document, 1);
  ASSERT_EQ(group.panels.size(), 1u);
  const Chart& chart = group.panels.front().charts.front();
  ASSERT_EQ(chart.categories.size(), 3u);
  EXPECT_EQ(chart.categories[0].label, "4K, depth 8");
  EXPECT_EQ(chart.categories[2].label, "1M, depth 2");
}

TEST(HtmlCharts, OtherAxesAreSmallMultiplesOnOneScale) {
  const ChartGroup group = charts_of(sweep_document(), 0);
  ASSERT_GE(group.panels.size(), 2u);
  EXPECT_EQ(group.panels.front().title, "Goodput, Gbit/s");
  ASSERT_EQ(group.panels.front().charts.size(), 4u);
  for (const Chart& chart : group.panels.front().charts) {
    EXPECT_EQ(chart.greatest, group.panels.front().charts.front().greatest);
    EXPECT_EQ(chart.series.size(), 2u);
    ASSERT_EQ(chart.marks.size(), 1u);
    EXPECT_TRUE(chart.marks.front().sentence.starts_with("tcp.zerocopy overtakes tcp.sendmsg at "));
  }
  EXPECT_EQ(group.panels.back().charts.front().marks.size(), 0u);  // the crossovers are by goodput
}

TEST(HtmlCharts, ATransportLooksTheSameEverywhere) {
  const ResultDocument document = sample_document();
  std::set<unsigned> different;
  for (const char* name : {"null@sink", "tcp.send", "tcp.sendmsg", "tcp.zerocopy"}) {
    std::set<unsigned> of_sections;
    for (const Section& section : sections_of(document)) of_sections.insert(Styles(document, section).of(name));
    EXPECT_EQ(of_sections.size(), 1u) << name;
    different.merge(of_sections);
  }
  EXPECT_EQ(different.size(), 4u);
}

TEST(HtmlCharts, MoreTransportsThanColoursDifferInsideEachSection) {
  ResultDocument document = sample_document();
  const CellResult cell = document.cells[1];
  for (int i = 0; i < 12; ++i) {
    document.cells.push_back(cell);
    document.cells.back().variant.label = "number" + std::to_string(i);
  }
  const Section section = sections_of(document).at(1);
  const Styles styles(document, section);
  std::set<unsigned> different;
  for (const CellResult* one : section.cells)
    different.insert(styles.of(series_name(*one, document.plan.points[one->point_index].point)));
  EXPECT_EQ(different.size(), 15u);  // the twelve and the three of the sample
}

TEST(HtmlCharts, LedgersThatSayTheSameShareABar) {
  ResultDocument document = large_document();
  document.cells[1].sender_ledger.user_copied_bytes = document.cells[1].sender_ledger.completed_bytes;
  const Chart chart = ledger_charts(document, sections_of(document).front(), "test").panels.front().charts.front();
  std::vector<std::string> labels;
  for (const Category& category : chart.categories) labels.push_back(category.label);
  EXPECT_EQ(labels, (std::vector<std::string>{"tcp.send", "tcp.sendmsg, 256, 1 connection",
                                              "tcp.sendmsg, 256 to 16K (15 of 16 cells)", "tcp.zerocopy"}));
  ASSERT_EQ(chart.series.front().name, "copied in user space");
  EXPECT_EQ(chart.series.front().values[0]->value, 1);
  EXPECT_FALSE(chart.series.front().values[2].has_value());
}

TEST(HtmlCharts, TheAccountShowsThePhasesThatCostSomething) {
  ResultDocument document = sample_document();
  EXPECT_TRUE(account_charts(document).empty());
  for (RoundRecord& round : document.cells[1].rounds) {
    round.sample.sender.counters = {{"account_transfers", 5}, {"account_copy_ns", 40'000'000}};
    round.sample.receiver.counters = {{"account_transfers", 5}};
  }
  const auto account = account_of(document.cells[1], document.plan.points[0].point);
  ASSERT_TRUE(account.has_value());
  const auto groups = account_charts(document);
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups.front().panels.size(), 1u);
  ASSERT_EQ(groups.front().panels.front().charts.size(), 1u);  // the receiver's phases cost nothing
  const Chart& chart = groups.front().panels.front().charts.front();
  ASSERT_EQ(chart.series.size(), 1u);
  EXPECT_EQ(chart.series.front().name, "copy");
  const auto& phases = account->sender.phases;
  const auto copy = std::ranges::find(phases, "copy", &AccountPhase::name);
  EXPECT_EQ(chart.series.front().values.front()->value, 100 * copy->share);
}

}  // namespace
}  // namespace xover
