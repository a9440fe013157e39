// Reading Markdown as far as the sheets use it: fences, also indented ones, and code within lines.
#include "tests/labs/lab_sheet.h"

#include <algorithm>

namespace xover::test {

namespace {

constexpr std::string_view program = "build/xover ", fence = "```", tick = "`";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

class Reader {
 public:
  Reader(std::string_view sheet_name, std::string_view markdown) : sheet_(sheet_name), rest_(markdown) {}

  std::vector<LabBlock> read() {
    while (next_line()) {
      if (line_.starts_with(fence)) {
        read_fenced(line_.substr(fence.size()));
      } else {
        note_calls_in_text();
      }
    }
    add_what_only_the_text_has();
    return std::move(blocks_);
  }

 private:
  bool next_line() {
    if (rest_.empty()) return false;
    const auto end = rest_.find('\n');
    line_ = trimmed(rest_.substr(0, end));
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    ++number_;
    return true;
  }

  void read_fenced(std::string_view label) {
    const std::size_t began = number_;
    std::vector<std::string> lines;
    bool continued = false;
    while (next_line() && line_ != fence) {
      if (line_.empty()) continue;
      const bool goes_on = line_.ends_with('\\');
      const std::string text(goes_on ? trimmed(line_.substr(0, line_.size() - 1)) : line_);
      if (continued) {
        lines.back() += " " + text;
      } else {
        lines.push_back(text);
      }
      continued = goes_on;
    }
    if (label == "output") {
      add_promises(began, std::move(lines));
    } else if (label == "sh" || label.starts_with("sh ")) {
      add_commands(began, label, std::move(lines));
    }
  }

  void add_commands(std::size_t began, std::string_view label, std::vector<std::string> lines) {
    LabBlock& block = blocks_.emplace_back(LabBlock{sheet_, began, Place::here, std::move(lines), {}, {}});
    if (label == "sh root") {
      block.place = Place::as_root;
    } else if (label == "sh elsewhere") {
      block.place = Place::elsewhere;
    } else if (label != "sh") {
      block.error = "a block is `sh`, `sh root` or `sh elsewhere`";
    } else if (!std::ranges::all_of(block.lines, [](const auto& line) { return line.starts_with(program); })) {
      block.error = "each line of a block `sh` begins with " + std::string(program);
    }
    if (block.lines.empty()) block.error = "a block without commands";
  }

  void add_promises(std::size_t began, std::vector<std::string> lines) {
    if (blocks_.empty() || !blocks_.back().promised.empty() || lines.empty()) {
      LabBlock wrong{sheet_, began, Place::here, {}, {}, "a block `output` that belongs to no commands"};
      blocks_.push_back(std::move(wrong));
      return;
    }
    blocks_.back().promised = std::move(lines);
  }

  void note_calls_in_text() {
    for (auto from = line_.find(tick); from != std::string_view::npos; from = line_.find(tick, from + 1)) {
      const auto end = line_.find(tick, from + 1);
      if (end == std::string_view::npos) return;
      const std::string_view code = line_.substr(from + 1, end - from - 1);
      if (code.starts_with(program)) in_text_.push_back({sheet_, number_, Place::here, {std::string(code)}, {}, {}});
      from = end;
    }
  }

  void add_what_only_the_text_has() {
    for (LabBlock& call : in_text_) {
      const bool known = std::ranges::any_of(blocks_, [&](const LabBlock& block) {
        return std::ranges::find(block.lines, call.lines.front()) != block.lines.end();
      });
      if (!known) blocks_.push_back(std::move(call));
    }
  }

  std::string sheet_;
  std::string_view rest_, line_;
  std::size_t number_ = 0;
  std::vector<LabBlock> blocks_, in_text_;
};

}  // namespace

std::vector<LabBlock> blocks_of(std::string_view sheet_name, std::string_view markdown) {
  return Reader(sheet_name, markdown).read();
}

std::vector<std::string> calls_within(std::string_view line) {
  std::vector<std::string> calls;
  for (auto from = line.find(program); from != std::string_view::npos; from = line.find(program, from + 1)) {
    const bool quoted = from > 0 && line[from - 1] == '\'';
    calls.emplace_back(line.substr(from, quoted ? line.find('\'', from) - from : std::string_view::npos));
  }
  return calls;
}

}  // namespace xover::test
