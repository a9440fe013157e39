// What the place that text goes to can show, and text laid out for it. Everything printed by reports/ asks here, so
// that a file, a pipe and a terminal each get what they can read.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace xover {

struct Terminal {
  bool is_terminal = false;
  bool utf8 = false;          // the locale says so (LC_ALL, LC_CTYPE, LANG)
  bool colour = false;        // a terminal that is not dumb, and NO_COLOR is not set
  std::size_t columns = 100;  // of the terminal; 100 where there is none

  // The symbol where it can be shown, else what stands for it.
  std::string_view times() const { return utf8 ? "×" : "x"; }
  std::string_view plus_minus() const { return utf8 ? "±" : "+-"; }
  std::string_view dot() const { return utf8 ? "·" : "-"; }
  std::string_view none() const { return utf8 ? "–" : "-"; }  // a figure that is not there
};

Terminal terminal_of(std::FILE* stream);

enum class Ink { plain, strong, faint, good, bad, caution };

// The text in the ink, where the terminal has colours.
std::string inked(const Terminal& terminal, Ink ink, std::string_view text);

// Columns that the text takes: code points, of text without control sequences.
std::size_t display_width(std::string_view text);

// Shortened to the width with "..." at the end; unchanged where it fits. One line: line breaks become blanks.
std::string shortened(std::string_view text, std::size_t width);

// The words set in lines of at most `columns`. The first line starts with `first`, the others with blanks as wide.
// Ends with a line break. A word longer than a line stands alone and whole.
std::string wrapped(std::string_view text, std::size_t columns, std::string_view first = "");

}  // namespace xover
