// Printed tables and sentences against lines with gaps.
#include "tests/labs/promises.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace xover::test {

namespace {

constexpr std::string_view gap = "...";

bool says(std::string_view line, std::string_view words) { return line.find(words) != line.npos; }

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string with_single_spaces(std::string_view text) {
  std::string single;
  for (const char c : text)
    if (c != ' ' || (!single.empty() && single.back() != ' ')) single += c;
  if (single.ends_with(' ')) single.pop_back();
  return single;
}

// The column of the text behind a mark that sentences hang from; 0: the line has none.
std::size_t hanging_column(std::string_view line) {
  constexpr std::array<std::string_view, 4> marks{"*", "yes", "no", "not here"};
  const auto first = line.find_first_not_of(' ');
  if (first == std::string_view::npos) return 0;
  for (const std::string_view mark : marks) {
    if (!line.substr(first).starts_with(mark)) continue;
    const auto text = line.find_first_not_of(' ', first + mark.size());
    if (text != std::string_view::npos && text > first + mark.size()) return text;
  }
  return 0;
}

std::vector<std::string> lines_of(std::string_view printed) {
  std::vector<std::string> lines;
  std::size_t hangs_at = 0;
  while (!printed.empty()) {
    const auto end = std::min(printed.find('\n'), printed.size());
    const std::string_view line = printed.substr(0, end);
    printed.remove_prefix(std::min(end + 1, printed.size()));
    const auto first = line.find_first_not_of(' ');
    if (hangs_at > 0 && first == hangs_at) {
      lines.back() += " " + with_single_spaces(line);
      continue;
    }
    hangs_at = hanging_column(line);
    lines.push_back(with_single_spaces(line));
  }
  return lines;
}

std::vector<std::string> parts_of(std::string_view promise) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = promise.find(gap);
    if (std::string part = with_single_spaces(promise.substr(0, end)); !part.empty()) parts.push_back(std::move(part));
    if (end == std::string_view::npos) return parts;
    promise.remove_prefix(end + gap.size());
  }
}

// Where the part ends, between two words at its end (and, for the first one, at its beginning); npos: nowhere.
std::size_t end_of_part(std::string_view line, std::string_view part, std::size_t from, bool whole_begin,
                        bool whole_end) {
  for (auto at = line.find(part, from); at != std::string_view::npos; at = line.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    const bool begins = !whole_begin || at == 0 || line[at - 1] == ' ' || !in_word(part.front());
    const bool ends = !whole_end || end == line.size() || !in_word(part.back()) || !in_word(line[end]);
    if (begins && ends) return end;
  }
  return std::string_view::npos;
}

bool keeps(std::string_view line, std::string_view promise) {
  const std::vector<std::string> parts = parts_of(promise);
  const bool open_end = promise.ends_with(gap), open_begin = promise.starts_with(gap);
  std::size_t from = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    from = end_of_part(line, parts[i], from, i == 0 && !open_begin, last && !open_end);
    if (from == std::string_view::npos) return false;
  }
  return !parts.empty();
}

}  // namespace

std::string first_broken_promise(std::string_view printed, const std::vector<std::string>& promised) {
  const std::vector<std::string> lines = lines_of(printed);
  auto from = lines.begin();
  for (const std::string& promise : promised) {
    from = std::find_if(from, lines.end(), [&](const std::string& line) { return keeps(line, promise); });
    if (from == lines.end()) return promise;
    ++from;
  }
  return {};
}

std::string what_is_missing_here(std::string_view printed) {
  for (const std::string& line : lines_of(printed)) {
    const bool skipped = says(line, " was skipped: ") && !says(line, "the budget was spent");
    if (skipped || says(line, "unavailable: ")) return line;
  }
  return {};
}

std::string what_only_root_may(std::string_view printed) {
  std::string reason;
  for (const std::string& line : lines_of(printed)) {
    if (!line.starts_with("* ") || !says(line, " failed: ")) continue;
    if (!says(line, "tcp_allowed_congestion_control") && !says(line, "RLIMIT_MEMLOCK")) return {};
    reason = line;
  }
  return reason;
}

}  // namespace xover::test
