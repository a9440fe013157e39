// Detection of what a stream can show, and the setting of words in lines.
#include "harness/reports/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace xover {

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

// POSIX: the first of these that is set and not empty decides.
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::string_view sequence_of(Ink ink) {
  switch (ink) {
    case Ink::plain: return "";
    case Ink::strong: return "\033[1m";
    case Ink::faint: return "\033[2m";
    case Ink::good: return "\033[32m";
    case Ink::bad: return "\033[31m";
    case Ink::caution: return "\033[33m";
  }
  return "";
}

}  // namespace

Terminal terminal_of(std::FILE* stream) {
  Terminal terminal;
  const int fd = ::fileno(stream);
  terminal.is_terminal = fd >= 0 && ::isatty(fd) == 1;
  terminal.utf8 = locale_is_utf8();
  terminal.colour = terminal.is_terminal && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  winsize window{};
  if (terminal.is_terminal && ::ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
    terminal.columns = std::max<std::size_t>(window.ws_col, 40);
  }
  return terminal;
}

std::string inked(const Terminal& terminal, Ink ink, std::string_view text) {
  std::string result;
  const bool visible = terminal.colour && ink != Ink::plain && !text.empty();
  if (visible) result += sequence_of(ink);
  result += text;
  if (visible) result += "\033[0m";
  return result;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_code_point));
}

std::string shortened(std::string_view text, std::size_t width) {
  constexpr std::string_view ending = "...";
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (display_width(line) <= width) return line;
  const std::size_t kept = width > ending.size() ? width - ending.size() : 0;
  std::size_t bytes = 0, points = 0;
  while (bytes < line.size() && (points < kept || !starts_code_point(line[bytes]))) {
    points += starts_code_point(line[bytes]) ? 1 : 0;
    ++bytes;
  }
  return line.substr(0, bytes) + std::string(ending.substr(0, std::min(width, ending.size())));
}

std::string wrapped(std::string_view text, std::size_t columns, std::string_view first) {
  const std::size_t indent = display_width(first);
  std::string result(first);
  std::size_t used = indent;
  bool line_is_empty = true;
  constexpr std::string_view blanks = " \t\r\n";
  while (true) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    if (!line_is_empty && used + 1 + display_width(word) > columns) {
      result += '\n' + std::string(indent, ' ');
      used = indent;
      line_is_empty = true;
    }
    if (!line_is_empty) result += ' ';
    result += word;
    used += display_width(word) + (line_is_empty ? 0 : 1);
    line_is_empty = false;
  }
  return result + '\n';
}

}  // namespace xover
