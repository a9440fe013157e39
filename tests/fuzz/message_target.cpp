// What an agent is told and answers: any JSON gives a value or an error, and a value survives the way over the wire.
#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const std::string_view text = fuzz::text_of(data, size_bytes);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return 0;
  if (const auto spec = sample_spec_from_json(json)) {
    const auto again = sample_spec_from_json(to_json(*spec));
    fuzz::require(again.has_value(), "what is told can be told again");
    fuzz::require(again->variant == spec->variant && again->point == spec->point, "the cell arrives as it was sent");
  }
  if (const auto report = side_report_from_json(json)) {
    const auto again = side_report_from_json(to_json(*report));
    fuzz::require(again.has_value(), "what is reported can be reported again");
    fuzz::require(again->bytes == report->bytes && again->latency.count() == report->latency.count(),
                  "the report arrives as it was sent");
  }
  if (const auto availability = availability_from_json(json)) {
    const auto again = availability_from_json(to_json(*availability));
    fuzz::require(again && again->status == availability->status, "availability arrives as it was sent");
  }
  if (const auto link = link_from_json(json)) {
    const auto again = link_from_json(to_json(*link));
    fuzz::require(again && *again == *link, "a link arrives as it was sent");
  }
  if (const auto made = made_link_from_json(json)) {
    fuzz::require(made_link_from_json(to_json(made->link)).has_value(), "what is told can be told again");
  }
  return 0;
}
