// Crossovers of straight cost lines whose truth is known.
#pragma once

#include <cstddef>

namespace xover::bench {

// Prints, for each amount of noise and each steepness, how far the estimates are off, how often their 95 % intervals
// hold the truth, and how often there was one. Whether the target holds: errors of 5 % at most up to a coefficient of
// variation of 5 %, and coverage of 93 to 97 %.
bool print_crossover_coverage(std::size_t repetitions);

}  // namespace xover::bench
