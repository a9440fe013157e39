// Sizes, durations and integers: whatever parses as a size is printed as a size that parses to the same.
#include "core/units.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const std::string_view text = fuzz::text_of(data, size_bytes);
  if (const auto size = parse_size(text)) {
    const auto again = parse_size(format_size(*size));
    fuzz::require(again && *again == *size, "a printed size parses to the same size");
  }
  if (const auto duration_ns = parse_duration_ns(text)) {
    fuzz::require(*duration_ns >= 0, "durations are not negative");
    fuzz::require(!format_duration(*duration_ns).empty(), "a duration can be printed");
  }
  if (const auto integer = parse_integer(text)) {
    const auto again = parse_integer(std::to_string(*integer));
    fuzz::require(again && *again == *integer, "a printed integer parses to the same integer");
  }
  return 0;
}
