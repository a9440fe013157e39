// The source tree as the tidy tests see it: every text file that people write, read once.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace xover::tidy {

struct SourceFile {
  std::string path;  // relative to the root, with '/'
  std::string text;

  bool ends_with(std::string_view suffix) const { return path.ends_with(suffix); }
  bool is_header() const { return ends_with(".h"); }
  bool is_code() const { return is_header() || ends_with(".cpp"); }
  std::vector<std::string_view> lines() const;  // without the line ends; views into `text`
};

using SourceTree = std::vector<SourceFile>;

// Sorted by path. Leaves out hidden folders but .ci, build and result folders, and the fuzz corpora, which are data.
SourceTree read_source_tree(const std::filesystem::path& root);

// One per broken rule: "path:line: what is wrong, and what is right".
using Complaints = std::vector<std::string>;

}  // namespace xover::tidy
