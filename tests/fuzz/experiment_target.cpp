// Experiment files: any bytes give a plan within the planner's bounds, or an error that names its place in the file.
#include "harness/experiment/plan_from.h"
#include "harness/experiment/toml_file.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

namespace {

void require_useful(const Error& error) {
  fuzz::require(error.code == ErrorCode::bad_input, "what is wrong with a file is bad input");
  fuzz::require(error.message().find("fuzz.toml") != std::string::npos, "an error names the file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto text = parse_toml(fuzz::text_of(data, size_bytes), "fuzz.toml", "fuzz");
  if (!text) {
    require_useful(text.error());
    return 0;
  }
  const auto plan = make_plan(*text);
  if (!plan) {
    require_useful(plan.error());
    return 0;
  }
  fuzz::require(!plan->points.empty() && plan->points.size() <= most_points, "a plan has points, and not too many");
  for (const PlannedPoint& planned : plan->points) fuzz::require(!planned.variants.empty(), "a point has transports");
  return 0;
}
