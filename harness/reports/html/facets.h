// How the cells of a section are laid out in charts: sizes along the scale, transports as series, all other axes as
// small multiples. An axis that each size has a value of its own for (a smaller depth for large messages) splits
// nothing: it is told with the size.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/reports/html/chart.h"
#include "harness/reports/section.h"

namespace xover::html {

// The sections that have figures; those without a receiver, and then those in virtual time, stand last.
std::vector<Section> ordered_sections(const ResultDocument& document);

struct Facet {
  std::string title;  // "4 connections"; empty when it is the only one
  std::vector<const CellResult*> cells;
};

struct Layout {
  bool over_sizes = false;  // false: all cells have one size, and the facets are the categories
  std::vector<Facet> facets;
  std::map<std::uint64_t, std::string> size_labels;  // "1M, depth 8"
};

Layout layout_of(const ResultDocument& document, const Section& section);

// What a cell is called inside a facet: its label, or its transport and options; the link where the point has another.
std::string series_name(const CellResult& cell, const Point& point);

// A style for each series of the cells: a colour, and a point shape for those who cannot tell it. Colours come again
// after the eighth, with other shapes and dashed.
inline constexpr unsigned colour_count = 8, style_count = 16;

class Styles {
 public:
  // A transport looks the same in all charts of a document, as long as it has no more of them than there are colours.
  Styles(const ResultDocument& document, const Section& section);
  unsigned of(const std::string& series) const;

 private:
  void add(const CellResult& cell, const ResultDocument& document);

  std::map<std::string, unsigned> styles_;
};

}  // namespace xover::html
