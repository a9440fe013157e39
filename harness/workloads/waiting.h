// What the loops of the workloads do with time, and the bounds that they share.
#pragma once

#include "core/clock.h"
#include "core/error.h"
#include "harness/experiment/point.h"

namespace xover {

inline constexpr std::int64_t silence_bound_ns = 5'000'000'000;  // without the progress that a loop waits for
inline constexpr Failure release_overdue{ErrorCode::timed_out, 0, "the last messages were not released within 5 s"};

Ticks ticks_of(std::int64_t duration_ns);
void sleep_until(MonotonicNs moment);
// As the receiver's program that is busy with something else: asleep or in a loop, as the point waits.
void keep_waiting(std::int64_t late_ns, Wait wait);

}  // namespace xover
