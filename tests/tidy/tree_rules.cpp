// Each rule walks the whole tree; files are few enough that a search in all of them costs nothing.
#include "tests/tidy/tree_rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <regex>
#include <set>

namespace xover::tidy {

namespace {

struct Include {
  std::size_t line = 0;  // from 1
  std::string target;
  bool quoted = false;
};

std::vector<Include> includes_of(const SourceFile& file) {
  static const std::regex pattern(R"(^#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  if (!file.is_code()) return includes;
  const auto lines = file.lines();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::cmatch match;
    if (lines[i].starts_with("#") && std::regex_search(lines[i].begin(), lines[i].end(), match, pattern)) {
      includes.push_back({i + 1, match.str(2), match.str(1) == "\""});
    }
  }
  return includes;
}

constexpr std::array<std::string_view, 4> layers{"core", "transports", "harness", "tests"};

std::optional<std::size_t> layer_of(std::string_view path) {
  const auto found = std::find(layers.begin(), layers.end(), path.substr(0, path.find('/')));
  if (found == layers.end() || path.find('/') == std::string_view::npos) return std::nullopt;
  return static_cast<std::size_t>(found - layers.begin());
}

// "tcp" of "transports/tcp/x.h"; empty for files right in transports/ and for other layers.
std::string_view family_of(std::string_view path) {
  if (!path.starts_with("transports/")) return {};
  path.remove_prefix(std::string_view("transports/").size());
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// What a family shows to others: the RDMA fabric, which SDP and rsockets stand on.
bool is_seam(std::string_view path) {
  constexpr std::array<std::string_view, 2> seam{"transports/rdma/fabric.h", "transports/rdma/registered_memory.h"};
  return std::find(seam.begin(), seam.end(), path) != seam.end();
}

std::string wrong_arrow(std::string_view from, std::string_view to) {
  const auto source = layer_of(from), target = layer_of(to);
  if (!target) return "write includes of this project from the root: folder/file.h";
  if (source && *target > *source) return "includes go core <- transports <- harness <- tests only";
  const std::string_view family = family_of(from);
  if (!family.empty() && to.starts_with("transports/") && family_of(to) != family && family_of(to) != "common" &&
      !is_seam(to)) {
    return "a transport family includes core/, transports/common/, itself and the RDMA fabric only";
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

}  // namespace

Complaints wrong_arrows(const SourceTree& tree) {
  Complaints complaints;
  for (const SourceFile& file : tree) {
    for (const Include& include : includes_of(file)) {
      const std::string wrong = include.quoted ? wrong_arrow(file.path, include.target) : std::string();
      if (wrong.empty()) continue;
      complaints.push_back(file.path + ":" + std::to_string(include.line) + ": includes " + include.target + ": " +
                           wrong);
    }
  }
  return complaints;
}

Complaints own_header_not_first(const SourceTree& tree) {
  std::set<std::string> headers;
  for (const SourceFile& file : tree) {
    if (file.is_header()) headers.insert(file.path);
  }
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (!file.ends_with(".cpp")) continue;
    const std::string own = file.path.substr(0, file.path.size() - 4) + ".h";
    const auto includes = includes_of(file);
    if (!headers.contains(own) || (!includes.empty() && includes.front().target == own)) continue;
    complaints.push_back(file.path + ": include \"" + own + "\" before anything else");
  }
  return complaints;
}

Complaints heavy_includes_in_headers(const SourceTree& tree) {
  static const std::regex heavy(R"(^(nlohmann/json\.hpp|toml\+\+/.*|CLI/.*|hwloc\.h|regex)$)");
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (!file.is_header()) continue;
    for (const Include& include : includes_of(file)) {
      if (!std::regex_match(include.target, heavy)) continue;
      complaints.push_back(file.path + ":" + std::to_string(include.line) + ": include " + include.target +
                           " in .cpp files only; it slows down everybody else");
    }
  }
  return complaints;
}

Complaints unlisted_sources(const SourceTree& tree) {
  Complaints complaints;
  for (const SourceFile& source : tree) {
    if (!source.ends_with(".cpp")) continue;
    const bool listed = std::any_of(tree.begin(), tree.end(), [&](const SourceFile& file) {
      if (file.path != "meson.build" && !file.ends_with("/meson.build")) return false;
      const std::string folder = folder_of(file.path);
      return source.path.starts_with(folder) &&
             file.text.find('\'' + source.path.substr(folder.size()) + '\'') != std::string::npos;
    });
    if (!listed) complaints.push_back(source.path + ": no meson.build lists it");
  }
  return complaints;
}

Complaints unused_headers(const SourceTree& tree) {
  std::set<std::string> used;
  for (const SourceFile& file : tree) {
    for (const Include& include : includes_of(file)) used.insert(include.target);
  }
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (file.is_header() && !used.contains(file.path)) complaints.push_back(file.path + ": nobody includes it");
  }
  return complaints;
}

Complaints broken_links(const SourceTree& tree, const std::filesystem::path& root) {
  static const std::regex link(R"(\]\(([^)#\s]+)[^)]*\))");
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (!file.ends_with(".md")) continue;
    for (std::sregex_iterator match(file.text.begin(), file.text.end(), link), end; match != end; ++match) {
      const std::string target = (*match)[1];
      if (target.find("://") != std::string::npos || target.starts_with("mailto:")) continue;
      if (std::filesystem::exists(root / folder_of(file.path) / target)) continue;
      complaints.push_back(file.path + ": the link to " + target + " leads nowhere");
    }
  }
  return complaints;
}

}  // namespace xover::tidy
