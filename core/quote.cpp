// Quoting of foreign text.
#include "core/quote.h"

#include <cstddef>

namespace xover {

namespace {
constexpr std::size_t longest_shown = 60;
constexpr std::string_view hex_digits = "0123456789abcdef";
}  // namespace

std::string in_quotes(std::string_view text) {
  std::string shown = "'";
  for (const char c : text.substr(0, longest_shown)) {
    if (c >= ' ' && c <= '~') {
      shown += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    shown += "\\x";
    shown += hex_digits[byte >> 4];
    shown += hex_digits[byte & 15];
  }
  if (text.size() > longest_shown) shown += "...";
  return shown + "'";
}

}  // namespace xover
