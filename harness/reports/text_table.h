// Columns of text under their titles, each as wide as its widest entry. Knows nothing of what it shows.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/reports/terminal.h"

namespace xover {

enum class Align { left, right };

struct TableEntry {
  std::string text;
  Ink ink = Ink::plain;
};

class TextTable {
 public:
  using Entry = TableEntry;

  // A title of several lines has '\n' in it; titles end on the line above the rows.
  void add_column(std::string title, Align align);
  std::size_t columns() const { return columns_.size(); }

  void add_gap();  // an empty line before the next row
  // Entries from the left; `rest` stands behind the last entry, over the columns that have none, cut to the line.
  void add_row(std::vector<Entry> entries, Entry rest = {});

  std::size_t width() const;
  std::string text(const Terminal& terminal) const;

 private:
  struct Column {
    std::string title;
    Align align;
    std::size_t width;
  };
  struct Row {
    std::vector<Entry> entries;
    Entry rest;
    bool gap_before;
  };

  std::string line(const Terminal& terminal, const std::vector<Entry>& entries, const Entry& rest) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
  bool gap_pending_ = false;
};

}  // namespace xover
