// Sizes, durations and numbers as people write and read them. Sizes are binary: 64K is 65536.
// Every parser takes the whole text or refuses it with `bad_input`: the message shows the text and an example of what
// was expected. No spaces, no fractions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"

namespace xover {

// "0", "64", "64K", "64k", "64KiB", "1M", "2G", "1T".
Result<std::uint64_t> parse_size(std::string_view text);
// "300ms", "2s", "50us": one whole number, not negative, and one unit of ns, us, ms, s, m.
Result<std::int64_t> parse_duration_ns(std::string_view text);
// A whole decimal number, optional sign, nothing behind it.
Result<std::int64_t> parse_integer(std::string_view text);

std::string format_size(std::uint64_t size_bytes);         // "64K", "1M", "1000"; exact: parses back to the same
std::string format_duration(std::int64_t duration_ns);     // "300 ms", "1.5 s": rounded to three digits
std::string format_significant(double value, int digits);  // "0.951", "12.3", "1740": plain notation, 1 to 17 digits

}  // namespace xover
