// The text from its end forwards: offsets, steps, the two ends.
#include "harness/experiment/size_grid.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <string>

#include "core/units.h"
#include "harness/experiment/bad_input.h"

namespace xover {

namespace {

constexpr std::string_view range_mark = "..", offset_mark = "+-";
constexpr std::int64_t most_steps = 16;
constexpr std::size_t most_offsets = 8;
constexpr auto example = "expected sizes like 4K, 1K..1M, 1K..1M/2 or 1K..1M+-1";

tl::unexpected<Error> no_grid(std::string_view text, std::string_view why) {
  return bad_input({}, in_quotes(text) + std::string(why), example);
}

// Six binary digits: 1440 for 1448.15.
std::uint64_t easily_written(double size_bytes) {
  const auto whole = static_cast<std::uint64_t>(std::llround(size_bytes));
  const std::uint64_t unit = std::max<std::uint64_t>(std::bit_floor(whole) / 32, 1);
  return (whole + unit / 2) / unit * unit;
}

std::vector<std::uint64_t> grid(std::uint64_t first, std::uint64_t last, std::int64_t steps) {
  std::vector<std::uint64_t> sizes;
  for (std::int64_t step = 0;; ++step) {
    const double exact = static_cast<double>(first) * std::exp2(static_cast<double>(step) / static_cast<double>(steps));
    if (exact >= static_cast<double>(last)) break;
    sizes.push_back(step % steps == 0 ? static_cast<std::uint64_t>(std::llround(exact)) : easily_written(exact));
  }
  while (!sizes.empty() && sizes.back() >= last) sizes.pop_back();
  sizes.push_back(last);
  return sizes;
}

Result<std::vector<std::uint64_t>> parse_range(std::string_view text) {
  const auto dots = text.find(range_mark);
  if (dots == std::string_view::npos) {
    return parse_size(text).map([](std::uint64_t size_bytes) { return std::vector{size_bytes}; });
  }
  std::string_view end = text.substr(dots + range_mark.size());
  std::int64_t steps = 1;
  if (const auto slash = end.find('/'); slash != std::string_view::npos) {
    const auto parsed = parse_integer(end.substr(slash + 1));
    if (!parsed || *parsed < 1 || *parsed > most_steps) return no_grid(text, ": steps for each doubling are 1 to 16");
    steps = *parsed;
    end = end.substr(0, slash);
  }
  const auto first = parse_size(text.substr(0, dots)), last = parse_size(end);
  if (!first || !last) return no_grid(text, ": both ends of a range must be sizes");
  if (*first == 0 || *first >= *last) return no_grid(text, ": a range goes from a size above 0 to a larger one");
  return grid(*first, *last, steps);
}

}  // namespace

bool is_size_grid(std::string_view text) {
  return text.find(range_mark) != std::string_view::npos || text.find(offset_mark) != std::string_view::npos;
}

Result<std::vector<std::uint64_t>> parse_sizes(std::string_view text, std::uint64_t greatest) {
  std::vector<std::uint64_t> offsets;
  std::string_view range = text;
  for (auto mark = range.rfind(offset_mark); mark != std::string_view::npos; mark = range.rfind(offset_mark)) {
    if (offsets.size() == most_offsets) return no_grid(text, ": at most 8 times +-");
    const auto offset = parse_size(range.substr(mark + offset_mark.size()));
    if (!offset || *offset == 0) return no_grid(text, ": behind +- there must be a size above 0");
    offsets.push_back(*offset);
    range = range.substr(0, mark);
  }
  auto sizes = parse_range(range);
  if (!sizes) {
    if (range.size() == text.size()) return sizes;
    return no_grid(text, ": in front of +- there must be a size or a range");
  }
  std::set<std::uint64_t> all(sizes->begin(), sizes->end());
  for (const std::uint64_t size_bytes : *sizes) {
    for (const std::uint64_t offset : offsets) {
      if (offset > size_bytes / 2) continue;
      all.insert(size_bytes - offset);
      if (size_bytes + offset <= greatest) all.insert(size_bytes + offset);
    }
  }
  return std::vector(all.begin(), all.end());
}

}  // namespace xover
