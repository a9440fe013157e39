// Reading /proc and /sys.
#include "harness/measurement/system_file.h"

#include <fstream>

namespace xover {

namespace {

std::string trimmed(const std::string& text, const char* unwanted) {
  const auto first = text.find_first_not_of(unwanted);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(unwanted) - first + 1);
}

}  // namespace

std::optional<std::string> read_first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty()) return std::nullopt;
  return line;
}

std::optional<std::string> read_field(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto separator = line.find_first_of(":=");
    if (separator == std::string::npos || trimmed(line.substr(0, separator), " \t") != key) continue;
    return trimmed(line.substr(separator + 1), " \t\"");
  }
  return std::nullopt;
}

}  // namespace xover
