// Reads the tree. Which files count as text is decided by name, so that data files may hold what they like.
#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace xover::tidy {

namespace {

namespace fs = std::filesystem;

bool is_left_out(const std::string& folder) {
  if (folder.starts_with(".")) return folder != ".ci";
  return folder.starts_with("build") || folder == "results" || folder == "corpus" || folder == "__pycache__";
}

bool is_text(const fs::path& path) {
  static constexpr std::array<std::string_view, 8> extensions{".cpp", ".h",  ".py",    ".sh",
                                                              ".md",  ".in", ".build", ".toml"};
  static constexpr std::array<std::string_view, 3> names{"dev", "run", "meson_options.txt"};
  const auto has = [](const auto& list, const std::string& what) {
    return std::find(list.begin(), list.end(), what) != list.end();
  };
  return has(extensions, path.extension().string()) || has(names, path.filename().string());
}

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

std::vector<std::string_view> SourceFile::lines() const {
  std::vector<std::string_view> lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return lines;
}

SourceTree read_source_tree(const fs::path& root) {
  SourceTree tree;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory() && is_left_out(entry->path().filename().string())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file() && is_text(entry->path())) {
      tree.push_back({entry->path().lexically_relative(root).generic_string(), read_file(entry->path())});
    }
  }
  std::sort(tree.begin(), tree.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return tree;
}

}  // namespace xover::tidy
