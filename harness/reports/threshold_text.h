// What a person sees of `xover threshold`, and the words that its other reports share.
#pragma once

#include <string>

#include "harness/agents/find_threshold.h"
#include "harness/reports/terminal.h"

namespace xover {

// "208K", "1.5M", "always copy": exact where that is short.
std::string threshold_name(std::uint64_t threshold_bytes);

// "With 1 connection: messages of 208K and more without a copy.", and why, where it is no crossover.
std::string advice_sentence(const ThresholdAdvice& advice);

// What choosing half or double of a threshold changes, from 95 % intervals of fresh rounds: of goodput below 0 is less,
// of cycles above 0 is more. A fraction: -0.31. Absent where it was not measured.
struct CostOfOther {
  std::optional<Interval> goodput, cpu;
};
CostOfOther cost_of_half(const ThresholdCheck& check);
CostOfOther cost_of_double(const ThresholdCheck& check);

std::string threshold_text(const ThresholdFound& found, const Terminal& terminal);

}  // namespace xover
