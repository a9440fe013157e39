// Durations as ppoll(2) and nanosleep(2) take them.
#pragma once

#include <time.h>

#include <algorithm>

#include "core/clock.h"

namespace xover {

// What is negative is no time at all.
inline timespec to_timespec(MonotonicNs duration_ns) noexcept {
  constexpr MonotonicNs second_ns = 1'000'000'000;
  duration_ns = std::max<MonotonicNs>(duration_ns, 0);
  return {duration_ns / second_ns, static_cast<long>(duration_ns % second_ns)};
}

}  // namespace xover
