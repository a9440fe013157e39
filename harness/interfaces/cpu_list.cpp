// Documentation/core-api/irq/irq-affinity.rst; bitmap_parselist in linux/lib/bitmap-str.c.
#include "harness/interfaces/cpu_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "core/units.h"

namespace xover {

namespace {

constexpr std::int64_t most_cpus = 8192;  // CONFIG_NR_CPUS of the largest kernels

}  // namespace

std::vector<unsigned> parse_cpu_list(const std::string& text) {
  std::vector<unsigned> cpus;
  std::istringstream ranges(text);
  for (std::string range; std::getline(ranges, range, ',');) {
    const std::size_t dash = range.find('-');
    const auto first = parse_integer(range.substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_integer(range.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= most_cpus) return {};
    for (std::int64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<unsigned>(cpu));
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::vector<unsigned> parse_cpu_mask(const std::string& text) {
  std::vector<unsigned> cpus;
  unsigned nibble_starts_at = 0;
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit) {
    const auto character = static_cast<unsigned char>(*digit);
    if (character == ',') continue;
    if (std::isxdigit(character) == 0) return {};
    const int value = std::isdigit(character) != 0 ? character - '0' : std::tolower(character) - 'a' + 10;
    for (unsigned bit = 0; bit < 4; ++bit) {
      if ((value >> bit & 1) != 0) cpus.push_back(nibble_starts_at + bit);
    }
    nibble_starts_at += 4;
  }
  return cpus;
}

std::string words_of_cpus(const std::vector<unsigned>& cpus) {
  std::string text;
  for (std::size_t first = 0; first < cpus.size();) {
    std::size_t last = first;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    if (!text.empty()) text += ", ";
    text += last == first ? fmt::format("{}", cpus[first]) : fmt::format("{} to {}", cpus[first], cpus[last]);
    first = last + 1;
  }
  return (cpus.size() == 1 ? "CPU " : "CPUs ") + text;
}

}  // namespace xover
