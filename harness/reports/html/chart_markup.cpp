// The canvases stay empty here: report.js draws on them.
#include "harness/reports/html/chart_markup.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/reports/html/chart_json.h"
#include "harness/reports/html/facets.h"
#include "harness/reports/html/markup.h"

namespace xover::html {

namespace {

// As report.js has them, so that a legend can be read without colours.
std::string_view shape_of(unsigned style) {
  constexpr std::array<std::string_view, colour_count> shapes{"●", "■", "▲", "◆", "✖", "✳", "▬", "✚"};
  return shapes[(style + style / colour_count * 3) % shapes.size()];
}

std::vector<const Series*> legend_of(const ChartGroup& group) {
  std::vector<const Series*> entries;
  for (const Panel& panel : group.panels) {
    for (const Chart& chart : panel.charts) {
      for (const Series& series : chart.series) {
        const bool there =
            std::ranges::any_of(entries, [&](const Series* entry) { return entry->name == series.name; });
        if (!there) entries.push_back(&series);
      }
    }
  }
  // Phases and classes keep their order, in whichever chart they come first.
  if (group.palette != Palette::transports) std::ranges::stable_sort(entries, {}, &Series::style);
  return entries;
}

bool has_secondary(const ChartGroup& group) {
  return std::ranges::any_of(group.panels, [](const Panel& panel) {
    return std::ranges::any_of(panel.charts, [](const Chart& chart) {
      return std::ranges::any_of(chart.series, [](const Series& series) { return series.secondary; });
    });
  });
}

std::string legend(const ChartGroup& group) {
  std::string text = fmt::format(
      "<div class=\"legend\" role=\"group\" aria-label=\"Legend: press to hide or show\" "
      "data-group=\"{}\">\n",
      group.id);
  for (const Series* series : legend_of(group)) {
    const bool of_transports = group.palette == Palette::transports;
    const unsigned colour = of_transports ? series->style % colour_count : series->style;
    text += fmt::format(
        "<button type=\"button\" class=\"key {}-{}\" aria-pressed=\"true\" data-series=\"{}\">"
        "<span aria-hidden=\"true\">{}</span> {}</button>\n",
        name_of(group.palette), colour, escaped(series->name), of_transports ? shape_of(series->style) : "■",
        escaped(series->name));
  }
  if (has_secondary(group)) text += "<span class=\"hint\">faint and dashed: 99th percentile</span>\n";
  return text + "</div>\n";
}

std::string name_in_table(const Series& series) { return series.name + (series.secondary ? ", 99th percentile" : ""); }

std::string data_table(const Chart& chart) {
  std::string rows = fmt::format("<thead><tr><th scope=\"col\">{}</th>", chart.kind == ChartKind::lines ? "size" : "");
  for (const Series& series : chart.series)
    rows += fmt::format("<th scope=\"col\">{}</th>", escaped(name_in_table(series)));
  rows += "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < chart.categories.size(); ++i) {
    rows += fmt::format("<tr><th scope=\"row\">{}</th>", escaped(chart.categories[i].label));
    for (const Series& series : chart.series) {
      const auto& value = series.values[i];
      rows += "<td>" + (value ? figure(value->value, value->text) : std::string("–")) + "</td>";
    }
    rows += "</tr>\n";
  }
  return table(fmt::format("{}, {}", chart.topic, chart.unit), "data", rows + "</tbody>\n");
}

// "Goodput in Gbit/s. tcp.send: 31.9 at 4K, 51.4 at 1M; tcp.sendmsg: ..."
std::string text_alternative(const Chart& chart) {
  std::string text = fmt::format("{} in {}", chart.topic, chart.unit);
  std::string_view before = ". ";
  for (const Series& series : chart.series) {
    std::vector<std::string> ends;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      if (!series.values[i]) continue;
      if (ends.size() == 2) ends.pop_back();  // the first and the last stay
      const std::string& where = chart.categories[i].label;
      ends.push_back(series.values[i]->text + (where.empty() ? "" : " at " + where));
    }
    text += fmt::format("{}{}: {}", before, name_in_table(series), fmt::join(ends, ", "));
    before = "; ";
  }
  for (const Mark& mark : chart.marks) text += ". " + mark.sentence;
  return text + '.';
}

std::string marks(const Chart& chart) {
  std::vector<std::string> sentences;
  sentences.reserve(chart.marks.size());
  for (const Mark& mark : chart.marks) sentences.push_back(mark.sentence);
  return list(sentences, "class=\"marks\"");
}

std::string figure_markup(const Chart& chart, const std::string& id, bool titled_by_panel, bool drawn) {
  std::string text = fmt::format("<figure class=\"chart {}\">\n", chart.kind == ChartKind::stacks ? "wide" : "");
  text += fmt::format("<figcaption>{}{}</figcaption>\n", escaped(chart.title),
                      titled_by_panel && chart.kind == ChartKind::lines
                          ? ""
                          : fmt::format(" <span class=\"unit\">{}</span>", escaped(chart.unit)));
  if (drawn)
    text += fmt::format("<div class=\"plot\"><canvas id=\"{}\" role=\"img\" aria-label=\"{}\"></canvas></div>\n", id,
                        escaped(text_alternative(chart)));
  text += marks(chart);
  text += fmt::format(
      "<details class=\"figures\"{}><summary>Data<span class=\"unseen\">: {}</span></summary>\n{}</details>\n",
      drawn ? "" : " open", escaped(chart.topic), data_table(chart));
  return text + "</figure>\n";
}

}  // namespace

std::string charts_markup(const ChartGroup& group, bool drawn) {
  if (group.panels.empty()) return {};
  std::string text = drawn ? legend(group) : std::string{};
  for (std::size_t i = 0; i < group.panels.size(); ++i) {
    const Panel& panel = group.panels[i];
    if (!panel.title.empty()) text += fmt::format("<h3>{}</h3>\n", escaped(panel.title));
    text += fmt::format("<div class=\"charts{}\">\n", panel.charts.size() > 3 ? " many" : "");
    for (std::size_t j = 0; j < panel.charts.size(); ++j)
      text += figure_markup(panel.charts[j], canvas_id(group, i, j), !panel.title.empty(), drawn);
    text += "</div>\n";
  }
  return text;
}

}  // namespace xover::html
