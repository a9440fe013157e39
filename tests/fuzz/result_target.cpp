// Result files: any bytes give a document that is written to the same text ever after, or an error that names the file.
#include "harness/reports/read_result.h"

#include "harness/reports/result_json.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto document = parse_result(fuzz::text_of(data, size_bytes), "fuzz.json");
  if (!document) {
    fuzz::require(document.error().code == ErrorCode::bad_input, "what is wrong with a file is bad input");
    fuzz::require(document.error().message().find("fuzz.json") != std::string::npos, "an error names the file");
    return 0;
  }
  // Once written, whatever the bytes held is in the form of our own files.
  const std::string text = to_json_text(*document);
  const auto again = parse_result(text, "fuzz.json");
  fuzz::require(again.has_value(), "what was read and written is read again");
  fuzz::require(to_json_text(*again) == text, "and written to the same text");
  return 0;
}
