// Traces for people: what a step is, what a message says.
#pragma once

#include <string>

#include "tests/explore/sdp_model.h"

namespace xover::explore {

inline std::string name_of_end(std::size_t end) { return end == 0 ? "A" : "B"; }
std::string describe_step(const ModelState& state, Step step);  // in the state before it
std::string describe_message(const sdp::Message& message);
std::string describe_status(WorkStatus status);

}  // namespace xover::explore
