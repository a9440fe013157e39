// Sleeping and spinning.
#include "harness/workloads/waiting.h"

#include <time.h>

#include <cerrno>

namespace xover {

Ticks ticks_of(std::int64_t duration_ns) {
  return static_cast<Ticks>(static_cast<double>(duration_ns) * 1e-9 * ticks_per_second());
}

void sleep_until(MonotonicNs moment) {
  const timespec at{moment / 1'000'000'000, moment % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
  }
}

void keep_waiting(std::int64_t late_ns, Wait wait) {
  const MonotonicNs until = monotonic_now_ns() + late_ns;
  if (wait == Wait::block) sleep_until(until);
  while (monotonic_now_ns() < until) {
  }
}

}  // namespace xover
