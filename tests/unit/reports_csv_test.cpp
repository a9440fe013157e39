// The tidy table: one line for each cell and round, every line with every field.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/experiment/axes.h"
#include "harness/reports/csv.h"
#include "tests/unit/reports_document.h"

namespace xover {
namespace {

using Table = std::vector<std::vector<std::string>>;

// RFC 4180, read strictly: a line ends with CRLF, a quote only stands in quoted fields.
Table parse(const std::string& text) {
  Table lines(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& field = lines.back().back();
    if (quoted && text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      field += text[++i];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (quoted) {
      field += text[i];
    } else if (text[i] == ',') {
      lines.back().emplace_back();
    } else if (text[i] == '\r') {
      EXPECT_EQ(text.at(i + 1), '\n');
      ++i;
      lines.push_back({""});
    } else {
      EXPECT_NE(text[i], '\n');
      field += text[i];
    }
  }
  EXPECT_FALSE(quoted);
  EXPECT_EQ(lines.back(), std::vector<std::string>{""}) << "the last line has no end";
  lines.pop_back();
  return lines;
}

std::size_t column(const Table& table, const std::string& name) {
  const auto found = std::find(table[0].begin(), table[0].end(), name);
  EXPECT_NE(found, table[0].end()) << name;
  return static_cast<std::size_t>(found - table[0].begin());
}

TEST(Csv, HasALineForEachRoundAndForEachCellWithoutAny) {
  const ResultDocument document = sample_document();
  const Table table = parse(to_csv(document));
  std::size_t lines = 1;
  for (const CellResult& cell : document.cells) lines += std::max<std::size_t>(cell.rounds.size(), 1);
  EXPECT_EQ(table.size(), lines);
  for (const auto& line : table) EXPECT_EQ(line.size(), table[0].size());
}

TEST(Csv, HasAColumnForEveryAxis) {
  const Table table = parse(to_csv(sample_document()));
  for (const Axis& axis : axes()) EXPECT_EQ(std::count(table[0].begin(), table[0].end(), axis.name), 1) << axis.name;
  EXPECT_EQ(table[1][column(table, "size")], "4096");
  EXPECT_EQ(table[1][column(table, "link")], "sink");
}

TEST(Csv, LeavesAbsentFiguresEmpty) {
  const Table table = parse(to_csv(sample_document()));
  const std::size_t variant = column(table, "transport"), status = column(table, "status");
  for (const auto& line : table) {
    if (line[variant] == "null") {
      EXPECT_EQ(line[column(table, "goodput_gbps")], "");
    }
    if (line[status] == "ok" || line[status] == "failed") {
      EXPECT_EQ(line[column(table, "window_ns")].empty(), line[status] == "failed");
    }
  }
}

TEST(Csv, QuotesWhatNeedsIt) {
  ResultDocument document = sample_document();
  CellResult& failed = document.cells[11];
  ASSERT_EQ(failed.status, CellStatus::failed);
  failed.reason = "said \"no\", then\r\nwent";
  const Table table = parse(to_csv(document));
  const std::size_t reason = column(table, "reason");
  EXPECT_TRUE(std::any_of(table.begin(), table.end(), [&](const auto& line) { return line[reason] == failed.reason; }));
}

}  // namespace
}  // namespace xover
