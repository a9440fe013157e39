// A chart before it is drawn: figures in categories, with names. chart_json.h draws it, chart_markup.h writes it as a
// table, so both say the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/experiment/result.h"

namespace xover::html {

enum class ChartKind : std::uint8_t {
  lines,   // over message sizes, on a binary logarithmic scale
  bars,    // side by side, one for each category and series
  stacks,  // the series of a category on top of each other
};

struct Category {
  std::string label;  // "64K"
  double x = 0;       // of lines: the size in bytes
};

struct Value {
  double value = 0;
  double low = 0, high = 0;  // 95 %; both 0 where nothing is known
  std::string text;          // as people read it: "51.4 (50.8 to 52.0)"

  bool has_interval() const { return high > low; }
};

struct Series {
  std::string name;
  unsigned style = 0;                        // colour and point shape
  bool secondary = false;                    // a higher percentile of the series before it: drawn faintly
  std::vector<std::optional<Value>> values;  // one for each category
};

// Where a candidate overtakes its baseline.
struct Mark {
  std::string series;  // the candidate's
  unsigned style = 0;  // of that series
  Interval size_bytes;
  std::string label;     // "9.12K"
  std::string sentence;  // "tcp.zerocopy overtakes tcp.send at 9.12K (8.40K to 10.1K)"
};

struct Chart {
  std::string title;  // "Goodput"; of small multiples what tells them apart: "4 connections"
  std::string topic;  // what the values are, with the chart's place: for captions and text alternatives
  std::string unit;   // "Gbit/s"
  ChartKind kind = ChartKind::lines;
  std::vector<Category> categories;
  std::vector<Series> series;
  std::vector<Mark> marks;
  bool logarithmic = false;
  double least = 0, greatest = 0;  // of the values and intervals, and of those of its small multiples
};

// Charts under one heading, or without one.
struct Panel {
  std::string title;
  std::vector<Chart> charts;
};

// What the styles of a group's series are of.
enum class Palette : std::uint8_t { transports, phases, ledger };

// Panels that share one legend; a series hidden in one chart is hidden in all.
struct ChartGroup {
  std::string id;  // letters, digits and '-'
  std::vector<Panel> panels;
  Palette palette = Palette::transports;
};

std::string_view name_of(Palette palette);  // "transports"

}  // namespace xover::html
