// Cells of one transport at one place are a table; their sizes are its columns.
#include "harness/reports/account_table.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/account.h"
#include "harness/reports/section.h"
#include "harness/reports/text_table.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

constexpr std::size_t most_tables = 6, most_sizes = 4;

struct Sized {
  std::uint64_t size_bytes = 0;
  Account account;
};

// One transport at one place, by size; never empty.
struct Series {
  std::string name;
  bool virtual_time = false;
  std::vector<Sized> sizes;
};

std::vector<Series> series_of(const ResultDocument& document) {
  std::vector<Series> all;
  for (const CellResult& cell : document.cells) {
    const Point& point = point_of(cell, document);
    auto account = account_of(cell, point);
    if (!account) continue;
    const std::string& label = cell.variant.label;
    const std::string name =
        fmt::format("{} {}", label.empty() ? cell.variant.id + bracketed(cell.variant.options) : label,
                    place_of(cell, point, varying_axes(document, point.workload)));
    auto found = std::ranges::find(all, name, &Series::name);
    if (found == all.end()) found = all.insert(all.end(), {name, cell.virtual_time(), {}});
    found->sizes.push_back({point.size_bytes, std::move(*account)});
  }
  for (Series& series : all) std::ranges::stable_sort(series.sizes, {}, &Sized::size_bytes);
  return all;
}

// The smallest, the largest, and some between.
std::vector<Sized> shown_of(const std::vector<Sized>& sizes) {
  if (sizes.size() <= most_sizes) return sizes;
  std::vector<Sized> shown;
  for (std::size_t i = 0; i < most_sizes; ++i) shown.push_back(sizes[i * (sizes.size() - 1) / (most_sizes - 1)]);
  return shown;
}

std::string in_words(std::string_view name) {
  std::string text(name);
  std::ranges::replace(text, '_', ' ');
  return text;
}

class AccountTable {
 public:
  AccountTable(const std::vector<Sized>& sizes, const Terminal& terminal) : sizes_(sizes), terminal_(terminal) {
    table_.add_column("  us a message, share of the time", Align::left);
    for (const Sized& sized : sizes_) table_.add_column(format_size(sized.size_bytes), Align::right);
    add_side("sender", &Account::sender);
    add_side("receiver", &Account::receiver);
  }

  std::string text() const { return table_.text(terminal_); }

 private:
  using Side = SideAccount Account::*;

  void add_side(std::string_view title, Side side) {
    table_.add_gap();
    table_.add_row({{fmt::format("  {}", title), Ink::strong}});
    const std::size_t phases = (sizes_.front().account.*side).phases.size();
    for (std::size_t i = 0; i < phases; ++i) {
      add(in_words((sizes_.front().account.*side).phases[i].name), side, [i](const SideAccount& account) {
        const AccountPhase& phase = account.phases[i];
        if (phase.ns_per_message == 0) return std::string{};
        return fmt::format("{} {:3.0f}%", format_figure(phase.ns_per_message / 1e3), 100 * phase.share);
      });
    }
    add("cache hits", side, [](const SideAccount& account) {
      return account.hit_rate ? fmt::format("{:.1f}%", 100 * *account.hit_rate) : std::string{};
    });
    add("pinned at most", side, [](const SideAccount& account) {
      return account.peak_pinned_bytes == 0 ? std::string{}
                                            : format_about(static_cast<double>(account.peak_pinned_bytes));
    });
    for (std::size_t i = 0; i < (sizes_.front().account.*side).counts.size(); ++i) {
      add(in_words((sizes_.front().account.*side).counts[i].name), side, [i](const SideAccount& account) {
        const std::uint64_t count = account.counts[i].count;
        return count == 0 ? std::string{} : format_count(static_cast<double>(count));
      });
    }
    add_reasons(side);
  }

  void add_reasons(Side side) {
    std::set<std::string> reasons;
    for (const Sized& sized : sizes_)
      for (const AccountCount& reason : (sized.account.*side).bcopy_because) reasons.insert(reason.name);
    for (const std::string& name : reasons) {
      add(fmt::format("copied because {}", in_words(name)), side, [&](const SideAccount& account) {
        const auto found = std::ranges::find(account.bcopy_because, name, &AccountCount::name);
        return found == account.bcopy_because.end() ? std::string{} : format_count(static_cast<double>(found->count));
      });
    }
  }

  // A row that says nothing of any size is left out.
  template <typename Text>
  void add(const std::string& title, Side side, Text text) {
    std::vector<TextTable::Entry> entries{{fmt::format("    {}", title)}};
    bool any = false;
    for (const Sized& sized : sizes_) {
      const std::string value = text(sized.account.*side);
      any = any || !value.empty();
      entries.push_back({value.empty() ? std::string(terminal_.none()) : value});
    }
    if (any) table_.add_row(std::move(entries));
  }

  const std::vector<Sized>& sizes_;
  const Terminal& terminal_;
  TextTable table_;
};

}  // namespace

std::string account_text(const ResultDocument& document, const Terminal& terminal) {
  const std::vector<Series> all = series_of(document);
  if (all.empty()) return {};
  std::string text = '\n' + inked(terminal, Ink::strong, "the account of a transfer") + '\n';
  text += wrapped(
      "Phases may lie over each other, and an advert's round trip holds what the peer did meanwhile: they do "
      "not sum to the whole.",
      terminal.columns, "  ");
  for (std::size_t i = 0; i < std::min(all.size(), most_tables); ++i) {
    const std::vector<Sized> shown = shown_of(all[i].sizes);
    text += '\n' + wrapped((all[i].virtual_time ? std::string(virtual_time_mark) : std::string{}) + all[i].name,
                           terminal.columns, "  ");
    text += AccountTable(shown, terminal).text();
  }
  if (all.size() > most_tables)
    text += wrapped(fmt::format("{} more in the JSON file (account of each cell).", all.size() - most_tables),
                    terminal.columns, "  ");
  return text;
}

}  // namespace xover
