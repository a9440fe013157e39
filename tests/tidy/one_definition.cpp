// Line-based: the format puts namespaces and their types at the first column, and says at its end what a namespace was.
#include "tests/tidy/one_definition.h"

#include <algorithm>
#include <map>
#include <regex>

namespace xover::tidy {

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += name + "::";
  return all;
}

bool is_within_unnamed(const std::vector<std::string>& namespaces) {
  return std::find(namespaces.begin(), namespaces.end(), "") != namespaces.end();
}

// Calls found(qualified name, line index) for each type that other files can see.
template <typename Found>
void for_each_type(const SourceFile& file, Found found) {
  static const std::regex opening(R"(^namespace(?: ([\w:]+))? \{.*)");
  static const std::regex type(R"(^(class|struct|union|enum class) (alignas\([^)]*\) )?(\w+)( final| :|$| \{).*)");
  std::vector<std::string> namespaces;
  const auto lines = file.lines();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    const bool is_declaration = line.ends_with(';') && line.find('{') == std::string_view::npos;
    std::cmatch match;
    if (std::regex_match(line.begin(), line.end(), match, opening)) {
      namespaces.push_back(match[1].str());
    } else if (line.starts_with("}  // namespace") && !namespaces.empty()) {
      namespaces.pop_back();
    } else if (!is_within_unnamed(namespaces) && !is_declaration &&
               std::regex_match(line.begin(), line.end(), match, type)) {
      found(joined(namespaces) + match[3].str(), i);
    }
  }
}

bool is_of_the_program(const SourceFile& file) {
  return file.is_code() &&
         (file.path.starts_with("core/") || file.path.starts_with("transports/") || file.path.starts_with("harness/"));
}

}  // namespace

Complaints types_defined_twice(const SourceTree& tree) {
  Complaints complaints;
  std::map<std::string, std::string> first;
  for (const SourceFile& file : tree) {
    if (!is_of_the_program(file)) continue;
    for_each_type(file, [&](const std::string& name, std::size_t line_index) {
      const std::string place = file.path + ":" + std::to_string(line_index + 1);
      const auto [known, is_new] = first.emplace(name, place);
      if (is_new) return;
      complaints.push_back(place + ": another " + name + " than that of " + known->second +
                           ": the linker takes them for one; give each a name of its own");
    });
  }
  return complaints;
}

}  // namespace xover::tidy
