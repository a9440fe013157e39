// The skeleton of the page, from the top to the bottom.
#include "harness/reports/html/html_report.h"

#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/measurement/lab_guest.h"
#include "harness/reports/assertion_words.h"
#include "harness/reports/cost_sentences.h"
#include "harness/reports/html/account_charts.h"
#include "harness/reports/html/assets.h"
#include "harness/reports/html/chart_json.h"
#include "harness/reports/html/chart_markup.h"
#include "harness/reports/html/cost_table.h"
#include "harness/reports/html/figure_rows.h"
#include "harness/reports/html/first_screen.h"
#include "harness/reports/html/ledger_charts.h"
#include "harness/reports/html/markup.h"
#include "harness/reports/html/section_charts.h"
#include "harness/reports/run_words.h"
#include "harness/reports/section_words.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

using namespace html;

std::string text_of(const Asset& asset) {
  std::string text;
  for (const std::string_view piece : asset.pieces) text += piece;
  return text;
}

std::string head(const ResultDocument& document) {
  std::string scripts = fmt::format("'sha256-{}'", report_script().sha256_base64);
  if (report_has_charts()) scripts += fmt::format(" 'sha256-{}'", chart_library().sha256_base64);
  const std::string policy =
      fmt::format("default-src 'none'; script-src {}; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
                  scripts, report_style().sha256_base64);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>xover {}</title>\n<style>{}</style>\n</head>\n",
      policy, escaped(document.plan.name), text_of(report_style()));
}

std::string titled(std::string_view id, std::string_view title, const std::string& content) {
  if (content.empty()) return {};
  return fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n{2}</section>\n", id, title, content);
}

// The sections of the page that hold charts; their data goes into `groups`.
class Measurements {
 public:
  explicit Measurements(const ResultDocument& document) : document_(document) {}

  std::string markup() {
    std::string text;
    const std::vector<Section> sections = ordered_sections(document_);
    for (std::size_t i = 0; i < sections.size(); ++i) text += section(sections[i], i);
    return text + account();
  }
  const nlohmann::ordered_json& groups() const { return groups_; }

 private:
  std::string charts(const ChartGroup& group) {
    if (!group.panels.empty()) groups_.push_back(to_json(group));
    return charts_markup(group, report_has_charts());
  }

  std::string section(const Section& section, std::size_t number) {
    const std::string id = fmt::format("section-{}", number);
    const Point& point = point_of(*section.cells.front(), document_);
    std::string everywhere = constant_axes_text(point, varying_axes(document_, section.cells));
    if (const std::string where = whereabouts(section); !where.empty()) everywhere += "; " + where;
    std::string text = fmt::format("<p class=\"method\">{}. <span class=\"axes\">{}</span></p>\n",
                                   escaped(method_of(section)), escaped(everywhere));
    if (section.substrate == Substrate::simulated)
      text += "<p class=\"note\">Virtual time: a model's figures, exact, and of no machine.</p>\n";
    text += charts(section_charts(document_, section, Styles(document_, section), id));
    const std::string ledgers = charts(ledger_charts(document_, section, id + "-ledger"));
    if (!ledgers.empty()) text += "<h3>Who copied the bytes</h3>\n" + ledgers;
    text += fmt::format("<details class=\"all\"><summary>Every figure</summary>\n{}</details>\n",
                        figure_rows(document_, section));
    return titled(id, escaped(name_of_section(section, document_)), text);
  }

  std::string account() {
    std::string text;
    for (const ChartGroup& group : account_charts(document_)) text += charts(group);
    if (text.empty()) return {};
    return titled("account", "The account of a transfer",
                  "<p class=\"method\">Where the time of a message went, as each side saw it. Phases may lie over each "
                  "other, and an advert's round trip holds what the peer did meanwhile: a bar may pass 100 %.</p>\n" +
                      text);
  }

  const ResultDocument& document_;
  nlohmann::ordered_json groups_ = nlohmann::ordered_json::array();
};

std::string costs(const ResultDocument& document) {
  std::vector<std::string> sentences = cost_sentences(document);
  if (emulator_of(document.environment)) sentences = marked_emulated(std::move(sentences));
  return list(sentences, "class=\"sentences\"") + cost_table(document);
}

std::string asserted(const ResultDocument& document) {
  std::string text;
  for (const AssertionResult& assertion : document.assertions) {
    text += fmt::format("<p class=\"asserted\"><b>{}</b> <code>{}</code></p>\n", escaped(words_of(assertion.holds)),
                        escaped(assertion.expression));
    text += list(words_of_cases(assertion, document), "class=\"sentences\"");
  }
  return text;
}

std::string findings(const ResultDocument& document) {
  if (document.findings.empty()) return {};
  std::string rows =
      "<thead><tr><th scope=\"col\">holds</th><th scope=\"col\">claim</th><th scope=\"col\">here</th>"
      "<th scope=\"col\">source</th></tr></thead>\n<tbody>\n";
  for (const Finding& finding : document.findings)
    rows +=
        fmt::format("<tr><td class=\"holds\">{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
                    escaped(finding.holds), escaped(finding.claim), escaped(finding.figure), escaped(finding.source));
  return table("Claims of papers and assignments, held against this run", "findings", rows + "</tbody>\n");
}

// The run's own, then those of its cells: each kind once, with how many cells have it.
std::string be_careful(const ResultDocument& document) {
  std::vector<std::string> items;
  for (const Warning& warning : document.warnings) items.push_back(warning_text(warning.kind, warning.detail));
  std::map<std::pair<WarningKind, std::string>, std::vector<const CellResult*>> of_cells;
  for (const CellResult& cell : document.cells) {
    for (const Warning& warning : cell.warnings) of_cells[{warning.kind, warning.detail}].push_back(&cell);
  }
  std::map<WarningKind, std::pair<std::size_t, std::vector<std::string>>> kinds;
  for (const auto& [warning, cells] : of_cells) {
    auto& [count, details] = kinds[warning.first];
    count += cells.size();
    if (!warning.second.empty()) details.push_back(warning.second);
  }
  for (const auto& [kind, entry] : kinds) {
    const auto& [count, details] = entry;
    items.push_back(fmt::format("{} of {} cells: {}", count, document.cells.size(),
                                warning_text(kind, details.size() == 1 ? details.front() : "")));
  }
  for (std::string& note : notes_of(document)) items.push_back(std::move(note));
  return list(items, "class=\"sentences\"");
}

std::string facts_of_host(const Environment& environment, std::string_view summary, std::string_view caption) {
  if (environment.facts.empty()) return {};
  std::string rows = "<thead><tr><th scope=\"col\">fact</th><th scope=\"col\">value</th></tr></thead>\n<tbody>\n";
  for (const auto& [name, value] : environment.facts)
    rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(name), escaped(value));
  return fmt::format("<details class=\"all\"><summary>{}</summary>\n{}</details>\n", escaped(summary),
                     table(caption, "data", rows + "</tbody>\n"));
}

std::string environment(const ResultDocument& document) {
  std::string text = list(made_links_of(document), "class=\"sentences\"") +
                     facts_of_host(document.environment, "Everything known about the machine", "The machine");
  if (document.peer)
    text += facts_of_host(document.peer->environment, "Everything known about its peer " + document.peer->address,
                          "The peer");
  return text;
}

std::string scripts(const nlohmann::ordered_json& groups) {
  if (!report_has_charts()) return {};
  return fmt::format(
      "<script type=\"application/json\" id=\"report-data\">{}</script>\n<script>{}</script>\n<script>{}</script>\n",
      json_for_script(groups), text_of(chart_library()), text_of(report_script()));
}

std::string charts_missing() {
  if (!report_has_charts()) return fmt::format("<p class=\"alert\">Without charts: {}.</p>\n", escaped(charts_remedy));
  return "<noscript><p class=\"alert\">Charts need JavaScript; the tables under Data hold the same figures."
         "</p></noscript>\n";
}

}  // namespace

const char* const charts_remedy =
    "this xover was built without Chart.js; install libjs-chart.js, then configure and build again";

bool report_has_charts() { return !chart_library().pieces.empty(); }

std::string html_report(const ResultDocument& document) {
  Measurements measurements(document);
  const std::string measured = measurements.markup();
  return head(document) + "<body>\n<button type=\"button\" id=\"theme\" hidden>◐ light or dark</button>\n" +
         page_header(document) + "<main>\n" + charts_missing() + answers(document) + measured +
         titled("costs", "What a message costs", costs(document)) +
         titled("asserted", "What was asserted", asserted(document)) +
         titled("findings", "Does it hold here?", findings(document)) +
         titled("not-measured", "Not measured", list(not_measured_sentences(document), "class=\"sentences\"")) +
         titled("be-careful", "Be careful", be_careful(document)) +
         titled("machine", "The machine", environment(document)) + "</main>\n" + scripts(measurements.groups()) +
         "</body>\n</html>\n";
}

}  // namespace xover
