// A sample in virtual time: all connections of a point, both ends of each, driven by one thread in one process, so that
// the same seed gives the same figures on any machine, however busy it is.
//
// Whatever is ready is done at once, in the order of the connections; when nobody has anything to do the clock goes on
// to the next moment at which something happens. Figures are of the model, not of the machine.
#pragma once

#include "harness/agents/sample.h"

namespace xover {

// From opening to closing, on the calling thread; helper threads accept connections and have ended before the first
// byte goes. Blocks for as long as the computing takes, at most virtual_run_bound_ns, else an error. Times in the
// reports are virtual, and there is no CPU usage: nobody's CPU was measured.
Result<Sample> run_in_virtual_time(const SampleSpec& spec);

inline constexpr std::int64_t virtual_run_bound_ns = 60'000'000'000;

}  // namespace xover
