// Widths grow with the rows, so a line can only be set when all rows are there.
#include "harness/reports/text_table.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace xover {

namespace {

constexpr std::string_view between = "  ";

std::vector<std::string> lines_of(const std::string& title) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = title.find('\n', begin);
    lines.push_back(title.substr(begin, end - begin));
    if (end == std::string::npos) return lines;
    begin = end + 1;
  }
}

void trim_right(std::string& line) {
  const std::size_t last = line.find_last_not_of(' ');
  line.resize(last == std::string::npos ? 0 : last + 1);
}

}  // namespace

void TextTable::add_column(std::string title, Align align) {
  std::size_t width = 0;
  for (const std::string& line : lines_of(title)) width = std::max(width, display_width(line));
  columns_.push_back({std::move(title), align, width});
}

void TextTable::add_gap() { gap_pending_ = !rows_.empty(); }

void TextTable::add_row(std::vector<Entry> entries, Entry rest) {
  assert(entries.size() <= columns_.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    columns_[i].width = std::max(columns_[i].width, display_width(entries[i].text));
  }
  rows_.push_back({std::move(entries), std::move(rest), std::exchange(gap_pending_, false)});
}

std::size_t TextTable::width() const {
  std::size_t sum = columns_.empty() ? 0 : between.size() * (columns_.size() - 1);
  for (const Column& column : columns_) sum += column.width;
  return sum;
}

std::string TextTable::line(const Terminal& terminal, const std::vector<Entry>& entries, const Entry& rest) const {
  std::string result;
  std::size_t used = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Column& column = columns_[i];
    if (i > 0) result += between;
    const std::string blanks(column.width - display_width(entries[i].text), ' ');
    if (column.align == Align::right) result += blanks;
    result += inked(terminal, entries[i].ink, entries[i].text);
    if (column.align == Align::left) result += blanks;
    used += column.width + between.size();
  }
  if (!rest.text.empty()) {
    const std::size_t limit = std::max(width(), terminal.columns);
    result += between;
    result += inked(terminal, rest.ink, shortened(rest.text, limit > used ? limit - used : 0));
  }
  trim_right(result);
  return result + '\n';
}

std::string TextTable::text(const Terminal& terminal) const {
  std::vector<std::vector<std::string>> titles;
  std::size_t title_lines = 0;
  for (const Column& column : columns_) {
    titles.push_back(lines_of(column.title));
    title_lines = std::max(title_lines, titles.back().size());
  }
  std::string result;
  for (std::size_t line_index = 0; line_index < title_lines; ++line_index) {
    std::vector<Entry> entries;
    for (const auto& lines : titles) {
      const std::size_t skipped = title_lines - lines.size();
      entries.push_back({line_index < skipped ? std::string{} : lines[line_index - skipped], Ink::strong});
    }
    result += line(terminal, entries, {});
  }
  for (const Row& row : rows_) {
    if (row.gap_before) result += '\n';
    result += line(terminal, row.entries, row.rest);
  }
  return result;
}

}  // namespace xover
