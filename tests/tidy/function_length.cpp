// Finds the functions of a C++ file by their braces. A heuristic for code that clang-format has laid out: a brace that
// opens behind a head with parentheses, outside any function and not of a type or namespace, is a function's.
#include <array>
#include <regex>
#include <vector>

#include "tests/tidy/code_rules.h"

namespace xover::tidy {

namespace {

void blank(std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to && i < text.size(); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// One past the end of the literal, comment or preprocessor line that starts at `at`; `at` itself where none does.
std::size_t end_of_text(const std::string& text, std::size_t at, bool line_start) {
  const std::string_view rest = std::string_view(text).substr(at);
  const auto past = [&](std::size_t found, std::size_t length) {
    return found == std::string::npos ? text.size() : found + length;
  };
  if (rest.starts_with("//")) return past(text.find('\n', at), 0);
  if (rest.starts_with("/*")) return past(text.find("*/", at + 2), 2);
  if (rest.starts_with("R\"") && (at == 0 || !is_word(text[at - 1]))) {
    const std::size_t open = text.find('(', at);
    if (open == std::string::npos) return text.size();
    const std::string close = ")" + text.substr(at + 2, open - at - 2) + "\"";
    return past(text.find(close, open), close.size());
  }
  if (line_start && rest.starts_with("#")) {
    std::size_t end = text.find('\n', at);
    while (end != std::string::npos && text[end - 1] == '\\') end = text.find('\n', end + 1);
    return past(end, 0);
  }
  const bool digit_separator = rest.starts_with("'") && at > 0 && is_word(text[at - 1]);
  if (!rest.starts_with("\"") && (!rest.starts_with("'") || digit_separator)) return at;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != rest[0] && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
  return end + 1;
}

enum class Brace { function, initialiser, other };

Brace brace_behind(const std::string& head) {
  static const std::regex type(R"(^[^(]*\b(namespace|class|struct|union|enum|extern)\b)");
  static const std::regex initialiser_list(R"(\)\s*(noexcept\s*)?:[^:])");
  static const std::regex value_behind_name(R"([\w>]\s*$)");
  if (head.find('(') == std::string::npos || std::regex_search(head, type)) return Brace::other;
  static const std::regex qualifier(R"(\b(const|noexcept|override|final|mutable)\s*$)");
  if (std::regex_search(head, initialiser_list) && std::regex_search(head, value_behind_name) &&
      !std::regex_search(head, qualifier)) {
    return Brace::initialiser;
  }
  return Brace::function;
}

struct Function {
  std::size_t first_line = 0, lines = 0;  // the first counts from 0
};

class Scanner {
 public:
  explicit Scanner(std::string code) : code_(std::move(code)) {}

  std::vector<Function> functions() {
    for (std::size_t i = 0; i < code_.size(); ++i) {
      if (code_[i] == '{') open(i);
      if (code_[i] == '}') close(i);
      if (code_[i] == ';') head_start_ = i + 1;
    }
    return found_;
  }

 private:
  void open(std::size_t at) {
    const Brace brace = inside_function_ ? Brace::other : brace_behind(code_.substr(head_start_, at - head_start_));
    if (brace == Brace::function) {
      inside_function_ = true;
      function_start_ = code_.find_first_not_of(" \n", head_start_);
    }
    braces_.push_back(brace);
    if (brace != Brace::initialiser) head_start_ = at + 1;
  }

  void close(std::size_t at) {
    if (braces_.empty()) return;
    if (braces_.back() == Brace::function) {
      inside_function_ = false;
      found_.push_back({newlines(0, function_start_), newlines(function_start_, at) + 1});
    }
    if (braces_.back() != Brace::initialiser) head_start_ = at + 1;
    braces_.pop_back();
  }

  std::size_t newlines(std::size_t from, std::size_t to) const {
    std::size_t count = 0;
    for (std::size_t i = from; i < to; ++i) count += code_[i] == '\n' ? 1 : 0;
    return count;
  }

  std::string code_;
  std::vector<Brace> braces_;
  std::vector<Function> found_;
  std::size_t head_start_ = 0, function_start_ = 0;
  bool inside_function_ = false;
};

}  // namespace

std::string without_comments_and_literals(std::string_view text) {
  std::string code(text);
  bool line_start = true;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (const std::size_t end = end_of_text(code, i, line_start); end > i) {
      blank(code, i, end);
      i = end - 1;
      continue;
    }
    if (code[i] != ' ') line_start = code[i] == '\n';
  }
  return code;
}

Complaints long_functions(const SourceFile& file) {
  if (!file.is_code()) return {};
  Complaints complaints;
  for (const Function& function : Scanner(without_comments_and_literals(file.text)).functions()) {
    if (function.lines <= max_function_lines) continue;
    complaints.push_back(file.path + ":" + std::to_string(function.first_line + 1) + ": a function of " +
                         std::to_string(function.lines) + " lines, at most " + std::to_string(max_function_lines));
  }
  return complaints;
}

}  // namespace xover::tidy
