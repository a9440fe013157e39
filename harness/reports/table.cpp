// A section becomes a table at the greatest density of information that the terminal has columns for.
#include "harness/reports/table.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/reports/section.h"
#include "harness/reports/section_words.h"
#include "harness/reports/text_table.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

// What a table gives up, step by step, until it fits.
struct Density {
  bool brief_words = false;
  bool without_lent_time = false;
  bool without_rate = false;
  bool without_spread = false;
};
using Densities = std::array<Density, 6>;
constexpr Densities densities{{{}, {true}, {false, true}, {true, true}, {true, true, true}, {true, true, true, true}}};
// Of packets people want to know how many a second.
constexpr Densities densities_of_packets{
    {{}, {true}, {false, true}, {true, true}, {true, true, false, true}, {true, true, true, true}}};
constexpr std::uint64_t packet_bytes = 1500;

const Densities& densities_for(const Section& section, const ResultDocument& document) {
  const bool packets = std::ranges::any_of(
      section.cells, [&](const CellResult* cell) { return point_of(*cell, document).size_bytes <= packet_bytes; });
  return packets ? densities_of_packets : densities;
}

// Which columns a section has something to show in.
struct Shown {
  bool throughput = false, rate = false, lost = false, latency = false, cycles = false, copied = false;
};

// A ping-pong's goodput and a paced stream's are what the workload makes them.
Shown shown_of(const Section& section, Density density) {
  Shown shown;
  shown.throughput = section.workload != Workload::pingpong && section.workload != Workload::paced;
  for (const CellResult* cell : section.cells) {
    if (!has_figures(*cell)) continue;
    shown.rate = shown.rate || cell->messages_per_second.median > 0;
    shown.lost = shown.lost || lost_share(*cell) > 0;
    shown.latency = shown.latency || cell->latency.count > 0;
    shown.cycles = shown.cycles || cell->cycles_per_byte.median > 0;
    shown.copied = shown.copied || cell->sender_ledger.completed_bytes > 0;
  }
  if (density.without_rate) shown.rate = false;
  if (density.without_lent_time && is_bulk(section.workload)) shown.latency = false;
  return shown;
}

std::string throughput_title(const Section& section) {
  if (section.substrate == Substrate::simulated) return "virtual goodput\nGbit/s";
  return section.has_receiver ? "goodput\nGbit/s" : "handed over\nGbit/s";
}

// The warnings of all rows: those that every row has are said once, as is what the title of a
// column says already; the others get a letter.
class Marks {
 public:
  explicit Marks(const ResultDocument& document) {
    std::size_t rows = 0;
    for (const CellResult& cell : document.cells) {
      if (!has_figures(cell)) continue;
      ++rows;
      std::set<WarningKind> seen;
      for (const Warning& warning : cell.warnings) {
        Entry& entry = entries_[warning.kind];
        entry.details.insert(warning.detail);
        entry.rows += seen.insert(warning.kind).second ? 1 : 0;
      }
    }
    char letter = 'a';
    for (auto& [kind, entry] : entries_) {
      const bool said_by_title = kind == WarningKind::reference_cycles;
      const bool everywhere = entry.rows == rows && rows > 1;
      if (!said_by_title && !everywhere) entry.letter = letter++;
      entry.label = said_by_title ? "ref" : everywhere ? "all rows" : std::string(1, entry.letter);
    }
  }

  std::string of(const CellResult& cell) const {
    std::string letters;
    for (const Warning& warning : cell.warnings) {
      const char letter = entries_.at(warning.kind).letter;
      if (letter != '\0' && letters.find(letter) == std::string::npos) letters += letter;
    }
    std::sort(letters.begin(), letters.end());
    return letters;
  }

  bool any(const std::vector<const CellResult*>& cells) const {
    return std::any_of(cells.begin(), cells.end(),
                       [this](const CellResult* cell) { return has_figures(*cell) && !of(*cell).empty(); });
  }

  std::string legend(const Terminal& terminal) const {
    std::string text;
    for (const auto& [kind, entry] : entries_) {
      // Many different details belong to their rows, in the JSON file.
      const std::string detail = entry.details.size() == 1 ? *entry.details.begin() : std::string{};
      text += wrapped(warning_text(kind, detail), terminal.columns, fmt::format("{:>8}  ", entry.label));
    }
    return text;
  }

 private:
  struct Entry {
    std::set<std::string> details;
    std::size_t rows = 0;
    char letter = '\0';  // none: of every row, or said by the title of a column
    std::string label;
  };
  std::map<WarningKind, Entry> entries_;
};

class SectionTable {
 public:
  SectionTable(const ResultDocument& document, const Section& section, const Marks& marks, const Terminal& terminal,
               Density density)
      : document_(document),
        section_(section),
        terminal_(terminal),
        density_(density),
        shown_(shown_of(section, density)),
        varying_(varying_axes(document, section.cells)),
        marks_(marks),
        has_marks_(marks.any(section.cells)) {
    has_gaps_ = std::adjacent_find(section.cells.begin(), section.cells.end(), [](const auto* a, const auto* b) {
                  return a->point_index == b->point_index;
                }) != section.cells.end();
    all_reference_ = std::all_of(section.cells.begin(), section.cells.end(), [](const CellResult* cell) {
      return !has_figures(*cell) || has_reference_cycles(*cell);
    });
    add_columns();
    const CellResult* before = nullptr;
    for (const CellResult* cell : section.cells) {
      const bool new_point = before == nullptr || before->point_index != cell->point_index;
      if (new_point && has_gaps_) table_.add_gap();
      add_row(*cell, new_point);
      before = cell;
    }
  }

  std::size_t width() const { return table_.width(); }
  std::string text() const { return table_.text(terminal_); }

 private:
  using Entry = TextTable::Entry;

  void add_columns() {
    for (const Axis* axis : varying_) table_.add_column(std::string(axis->name), Align::right);
    table_.add_column("transport", Align::left);
    if (shown_.throughput) {
      table_.add_column(throughput_title(section_), Align::right);
      if (!density_.without_spread) table_.add_column("95 %", Align::left);
    }
    if (shown_.rate) table_.add_column("messages\n/s", Align::right);
    if (shown_.lost) table_.add_column("lost\n%", Align::right);
    if (shown_.latency) {
      const std::string_view whose = section_.substrate == Substrate::simulated ? "virtual " : "";
      table_.add_column(fmt::format("{}{}\np50 us", whose, latency_title(section_.workload)), Align::right);
      table_.add_column("p99 us", Align::right);
      table_.add_column("p99.9 us", Align::right);
    }
    if (shown_.cycles) table_.add_column(all_reference_ ? "ref cycles\n/byte" : "cycles\n/byte", Align::right);
    if (shown_.copied) table_.add_column("sent bytes copied by", Align::left);
    if (has_marks_) table_.add_column("", Align::left);
  }

  void add_row(const CellResult& cell, bool new_point) {
    std::vector<Entry> entries;
    for (const Axis* axis : varying_) entries.push_back({new_point ? axis->get(point_of(cell, document_)) : "", {}});
    entries.push_back({cell.variant.name(), Ink::plain});
    if (!has_figures(cell)) {
      table_.add_row(std::move(entries), absence_of(cell));
      return;
    }
    if (shown_.throughput) add_throughput(entries, cell);
    if (shown_.rate) entries.push_back({or_none(format_count(cell.messages_per_second.median))});
    if (shown_.lost) entries.push_back({format_figure(100 * lost_share(cell))});
    if (shown_.latency) add_latency(entries, cell);
    if (shown_.cycles) entries.push_back({cycles_text(cell)});
    if (shown_.copied) add_copied_by(entries, cell);
    if (has_marks_) entries.push_back({marks_.of(cell), Ink::caution});
    table_.add_row(std::move(entries));
  }

  Entry absence_of(const CellResult& cell) const {
    if (cell.status == CellStatus::ok) return {"no round was accepted", Ink::caution};
    const Ink ink = cell.status == CellStatus::failed ? Ink::bad : Ink::faint;
    return {fmt::format("{}: {}", name_of(cell.status), cell.reason), ink};
  }

  void add_throughput(std::vector<Entry>& entries, const CellResult& cell) const {
    const Interval& interval = throughput_of(cell);
    entries.push_back({or_none(format_figure(interval.median)), Ink::strong});
    if (!density_.without_spread) entries.push_back({format_spread(interval, terminal_), Ink::faint});
  }

  void add_latency(std::vector<Entry>& entries, const CellResult& cell) const {
    const bool measured = cell.latency.count > 0;
    entries.push_back({or_none(measured ? format_figure(cell.latency.p50_us) : ""), Ink::strong});
    entries.push_back({or_none(measured ? format_figure(cell.latency.p99_us) : "")});
    entries.push_back({or_none(measured ? format_figure(cell.latency.p999_us) : "")});
  }

  void add_copied_by(std::vector<Entry>& entries, const CellResult& cell) const {
    const Ledger& ledger = cell.sender_ledger;
    const bool in_vain = ledger[Handover::kernel_after_request] > 0 || ledger[Handover::unverified] > 0;
    const Ink ink = in_vain ? Ink::caution : share(ledger, Handover::zero_copied) == 1 ? Ink::good : Ink::plain;
    entries.push_back({or_none(copied_by(ledger, terminal_, density_.brief_words)), ink});
  }

  std::string cycles_text(const CellResult& cell) const {
    if (!(cell.cycles_per_byte.median > 0)) return std::string(terminal_.none());
    const bool mark = has_reference_cycles(cell) && !all_reference_;
    return format_figure(cell.cycles_per_byte.median) + (mark ? " ref" : "");
  }

  std::string or_none(std::string text) const { return text.empty() ? std::string(terminal_.none()) : text; }

  const ResultDocument& document_;
  const Section& section_;
  const Terminal& terminal_;
  Density density_;
  Shown shown_;
  std::vector<const Axis*> varying_;
  const Marks& marks_;
  bool has_marks_ = false;
  bool has_gaps_ = false;
  bool all_reference_ = false;
  TextTable table_;
};

std::string remarks(std::string_view label, const std::vector<std::string>& lines, const Terminal& terminal) {
  std::string text;
  for (const std::string& line : lines) text += wrapped(line, terminal.columns, fmt::format("{:>8}  ", label));
  return text;
}

std::string section_text(const ResultDocument& document, const Section& section, const Marks& marks,
                         const Terminal& terminal) {
  std::string text = inked(terminal, Ink::strong, wrapped(heading_of(section, document), terminal.columns));
  const Point& point = point_of(*section.cells.front(), document);
  std::string everywhere = constant_axes_text(point, varying_axes(document, section.cells));
  if (const std::string where = whereabouts(section); !where.empty()) everywhere += "; " + where;
  text += wrapped(everywhere, terminal.columns, "all rows: ") + '\n';
  const Densities& all = densities_for(section, document);
  for (const Density& density : all) {
    const SectionTable table(document, section, marks, terminal, density);
    const bool last = &density == &all.back();
    if (!last && table.width() > terminal.columns) continue;
    return text + table.text();
  }
  return text;
}

}  // namespace

std::string table_text(const ResultDocument& document, const Terminal& terminal) {
  const Marks marks(document);
  std::string text;
  for (const Section& section : sections_of(document)) text += section_text(document, section, marks, terminal) + '\n';
  return text + marks.legend(terminal) + remarks("link", made_links_of(document), terminal) +
         remarks("note", notes_of(document), terminal);
}

}  // namespace xover
