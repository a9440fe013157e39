// Symbols beside colours, and words for who sees neither.
#include "harness/reports/html/verdict_table.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "harness/reports/html/markup.h"
#include "harness/reports/section_words.h"
#include "harness/reports/words.h"

namespace xover::html {

namespace {

struct Row {
  Metric metric = Metric::goodput;
  std::string facet, candidate, baseline;
  std::map<std::uint64_t, const Comparison*> by_size;
};

std::string words_of(Metric metric, const Section& section) {
  const bool round_trip = section.workload == Workload::pingpong;
  switch (metric) {
    case Metric::goodput: return section.has_receiver ? "goodput" : "handed over";
    case Metric::cpu: return "CPU per byte";
    case Metric::latency_p50: return round_trip ? "round trip, median" : "latency, median";
    case Metric::latency_p99: return round_trip ? "round trip, 99th percentile" : "latency, 99th percentile";
  }
  return {};
}

std::string_view symbol_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster: return "▲";
    case Verdict::slower: return "▼";
    case Verdict::indistinguishable: return "≈";
    case Verdict::too_few_rounds: return "?";
  }
  return "?";
}

std::string_view words_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster: return "better";
    case Verdict::slower: return "worse";
    case Verdict::indistinguishable: return "cannot be told apart";
    case Verdict::too_few_rounds: return "too few rounds";
  }
  return {};
}

std::vector<Row> rows_of(const ResultDocument& document, const Section& section, const Layout& layout) {
  std::vector<Row> rows;
  for (const Comparison& comparison : document.comparisons) {
    const CellResult* candidate = find_cell(document, comparison.point_index, comparison.candidate);
    if (std::ranges::find(section.cells, candidate) == section.cells.end()) continue;
    const Facet& facet = *std::ranges::find_if(
        layout.facets, [&](const Facet& one) { return std::ranges::find(one.cells, candidate) != one.cells.end(); });
    const auto same_row = [&](const Row& row) {
      return std::tie(row.metric, row.facet, row.candidate, row.baseline) ==
             std::tie(comparison.metric, facet.title, comparison.candidate, comparison.baseline);
    };
    auto row = std::ranges::find_if(rows, same_row);
    if (row == rows.end())
      row = rows.insert(row, {comparison.metric, facet.title, comparison.candidate, comparison.baseline, {}});
    row->by_size.emplace(point_of(*candidate, document).size_bytes, &comparison);
  }
  std::ranges::stable_sort(rows, {}, &Row::metric);
  return rows;
}

// Two decimals, but never "0.00" for something that is there.
std::string ratio_text(double ratio) {
  return ratio < 0.1 ? fmt::format("{:.2g}", ratio) : fmt::format("{:.2f}", ratio);
}

std::string cell_markup(const Comparison& comparison) {
  const Interval& ratio = comparison.ratio;
  const std::string between =
      comparison.virtual_time ? std::string{}
                              : fmt::format("<small>{} to {}</small>", ratio_text(ratio.low), ratio_text(ratio.high));
  return fmt::format(
      "<td class=\"{}\"><span aria-hidden=\"true\">{}</span> {}<span class=\"unseen\">, {}</span>{}</td>",
      name_of(comparison.verdict), symbol_of(comparison.verdict), figure(ratio.median, ratio_text(ratio.median) + "×"),
      words_of(comparison.verdict), between);
}

// Columns that say the same in every row are left out, and the caption says it.
struct Shown {
  bool metric = false, facet = false, baseline = false;
};

Shown shown_of(const std::vector<Row>& rows) {
  const auto differ = [&](auto member) {
    return std::ranges::any_of(rows, [&](const Row& row) { return row.*member != rows.front().*member; });
  };
  return {differ(&Row::metric), differ(&Row::facet), differ(&Row::baseline)};
}

std::string head_of(const Layout& layout, Shown shown) {
  std::string text = "<thead><tr>";
  if (shown.metric) text += "<th scope=\"col\">by</th>";
  if (shown.facet) text += "<th scope=\"col\">where</th>";
  text += "<th scope=\"col\">candidate</th>";
  if (shown.baseline) text += "<th scope=\"col\">against</th>";
  for (const auto& [size_bytes, label] : layout.size_labels)
    text += fmt::format("<th scope=\"col\">{}</th>", escaped(label));
  return text + "</tr></thead>\n";
}

std::string row_of(const Row& row, const Section& section, const Layout& layout, Shown shown, bool new_metric) {
  std::string text = fmt::format("<tr{}>", new_metric ? " class=\"first\"" : "");
  if (shown.metric) text += fmt::format("<td>{}</td>", escaped(words_of(row.metric, section)));
  if (shown.facet) text += fmt::format("<td>{}</td>", escaped(row.facet));
  text += fmt::format("<th scope=\"row\">{}</th>", escaped(row.candidate));
  if (shown.baseline) text += fmt::format("<td>{}</td>", escaped(row.baseline));
  for (const auto& [size_bytes, label] : layout.size_labels) {
    const auto found = row.by_size.find(size_bytes);
    text += found == row.by_size.end() ? std::string("<td class=\"none\">–</td>") : cell_markup(*found->second);
  }
  return text + "</tr>\n";
}

}  // namespace

std::string verdict_table(const ResultDocument& document, const Section& section) {
  const Layout layout = layout_of(document, section);
  const std::vector<Row> rows = rows_of(document, section, layout);
  if (rows.empty()) return {};
  const Shown shown = shown_of(rows);
  std::string text = head_of(layout, shown) + "<tbody>\n";
  const Row* before = nullptr;
  for (const Row& row : rows) {
    text += row_of(row, section, layout, shown, before == nullptr || before->metric != row.metric);
    before = &row;
  }
  std::string caption = name_of_section(section, document) + ": ";
  caption += shown.metric ? "figures" : words_of(rows.front().metric, section);
  caption += shown.baseline ? " as multiples of the other's"
                            : fmt::format(" as multiples of those of {}", rows.front().baseline);
  if (!rows.front().by_size.begin()->second->virtual_time) caption += ", with 95 % intervals";
  return table(caption, "verdicts", text + "</tbody>\n");
}

}  // namespace xover::html
