// Rules that one file keeps or breaks by itself. Each returns the places where it is broken; none for files that the
// rule does not speak of.
#pragma once

#include <string>
#include <string_view>

#include "tests/tidy/source_tree.h"

namespace xover::tidy {

inline constexpr std::size_t max_columns = 120;
inline constexpr std::size_t max_file_lines = 500;
inline constexpr std::size_t max_function_lines = 70;

Complaints long_lines(const SourceFile& file);  // tables in Markdown may be wider
Complaints long_file(const SourceFile& file);
Complaints long_functions(const SourceFile& file);
Complaints missing_first_comment(const SourceFile& file);  // code, scripts and presets say what they are for
Complaints missing_last_newline(const SourceFile& file);
Complaints banned_words(const SourceFile& file);
Complaints paths_of_one_machine(const SourceFile& file);

// C++ with comments, literals and preprocessor lines blanked out; as long as before, lines where they were.
std::string without_comments_and_literals(std::string_view text);

}  // namespace xover::tidy
