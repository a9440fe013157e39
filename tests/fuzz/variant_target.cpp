// Variants, as they stand in flags and files: what parses is written back as text that parses to the same.
#include "core/variant.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto variant = parse_variant(fuzz::text_of(data, size_bytes));
  if (!variant) {
    fuzz::require(!variant.error().message().empty(), "a refusal says why");
    return 0;
  }
  const auto again = parse_variant(variant->text());
  fuzz::require(again.has_value(), "the text of a variant parses");
  fuzz::require(*again == *variant, "the text of a variant parses to the same variant");
  fuzz::require(!variant->name().empty(), "a variant has a name");
  return 0;
}
