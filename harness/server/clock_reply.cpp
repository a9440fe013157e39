// Two clocks, read right behind each other.
#include "harness/server/clock_reply.h"

#include <time.h>

#include <nlohmann/json.hpp>

#include "core/clock.h"

namespace xover {

nlohmann::json clock_reply() {
  timespec real{};
  clock_gettime(CLOCK_REALTIME, &real);
  const MonotonicNs monotonic_ns = monotonic_now_ns();
  return {{"ok", true},
          {"monotonic_ns", monotonic_ns},
          {"realtime_ns", std::int64_t{real.tv_sec} * 1'000'000'000 + real.tv_nsec}};
}

}  // namespace xover
