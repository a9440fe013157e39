// Line-based rules. long_functions() has a file of its own because it has to read a little C++.
#include "tests/tidy/code_rules.h"

#include <algorithm>
#include <array>
#include <regex>

namespace xover::tidy {

namespace {

std::string place(const SourceFile& file, std::size_t line_index) {
  return file.path + ":" + std::to_string(line_index + 1) + ": ";
}

// Columns, not bytes: the continuation bytes of UTF-8 do not count.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

struct BannedWord {
  const char* pattern;  // written so that this file does not break its own rule
  const char* remedy;
  bool code_only;
};

constexpr std::array banned{
    BannedWord{R"(\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b)", "finish it, or say in plain words what is missing and why",
               false},
    BannedWord{R"(\busing[ ]namespace std;)", "name what is used", true},
    BannedWord{R"(\b(fo[r]k|v[f]ork)\(\))", "agents are spawned: a bare copy of a process with threads may deadlock",
               true},
    BannedWord{R"(\b(sprint[f]|strcp[y]|strca[t]|get[s])\()", "use fmt, or a function that knows the size", true},
    BannedWord{R"(\b(std::syste[m]|pope[n])\()", "a shell in between loses errors and quoting", true},
};

}  // namespace

Complaints long_lines(const SourceFile& file) {
  Complaints complaints;
  const auto lines = file.lines();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (file.ends_with(".md") && lines[i].starts_with("|")) continue;
    if (const std::size_t width = columns(lines[i]); width > max_columns) {
      complaints.push_back(place(file, i) + std::to_string(width) + " columns, at most " + std::to_string(max_columns));
    }
  }
  return complaints;
}

Complaints long_file(const SourceFile& file) {
  const std::size_t count = file.lines().size();
  if (count <= max_file_lines) return {};
  return {file.path + ": " + std::to_string(count) + " lines, at most " + std::to_string(max_file_lines) +
          ": split it by purpose"};
}

Complaints missing_first_comment(const SourceFile& file) {
  const bool hash = file.ends_with(".py") || file.ends_with(".sh") || file.ends_with(".toml");
  if (!hash && !file.is_code()) return {};
  if (file.text.starts_with(hash ? "#" : "//")) return {};
  if (file.ends_with(".py") && file.text.starts_with("\"\"\"")) return {};
  return {file.path + ":1: begins without a comment that says what the file is for"};
}

Complaints missing_last_newline(const SourceFile& file) {
  if (file.text.empty() || file.text.ends_with("\n")) return {};
  return {file.path + ": the last line has no newline"};
}

Complaints banned_words(const SourceFile& file) {
  Complaints complaints;
  const auto lines = file.lines();
  for (const BannedWord& word : banned) {
    if (word.code_only && !file.is_code()) continue;
    const std::regex pattern(word.pattern);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::cmatch match;
      if (std::regex_search(lines[i].begin(), lines[i].end(), match, pattern)) {
        complaints.push_back(place(file, i) + "\"" + match.str() + "\": " + word.remedy);
      }
    }
  }
  return complaints;
}

Complaints paths_of_one_machine(const SourceFile& file) {
  static const std::regex personal(R"((^|[^\w./])/(home|root|work|Users)/\w)");
  Complaints complaints;
  const auto lines = file.lines();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (std::regex_search(lines[i].begin(), lines[i].end(), personal)) {
      complaints.push_back(place(file, i) + "a path that exists on one machine only");
    }
  }
  return complaints;
}

}  // namespace xover::tidy
