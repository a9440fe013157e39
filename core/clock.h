// Time. Two clocks, for two uses:
//   monotonic_now_ns()  CLOCK_MONOTONIC: comparable between processes of one host
//   ticks_now()         the cheapest counter of this CPU: only differences taken in one process mean anything
// The counter is the TSC where /proc/cpuinfo says constant and non-stop, CNTVCT on aarch64, else CLOCK_MONOTONIC. The
// TSC's rate is measured against CLOCK_MONOTONIC_RAW once per process, because what CPUID and hypervisors claim can be
// off by much. Everything here may be called from any thread, also before main().
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace xover {

using MonotonicNs = std::int64_t;
using Ticks = std::uint64_t;

MonotonicNs monotonic_now_ns() noexcept;

// Not ordered against the instructions around it: good for intervals from some ten nanoseconds on.
Ticks ticks_now() noexcept;

// Calibrates on first use (about 20 ms, any thread); call it before anything is timed.
double ticks_per_second() noexcept;

// To the nearest nanosecond. A counter that seems to have gone back (two cores a few ticks apart) gives a negative
// time.
std::int64_t ticks_to_ns(Ticks difference) noexcept;

std::string_view tick_source() noexcept;  // "tsc", "cntvct" or "clock_gettime"

namespace detail {

enum class TickSource : std::uint8_t { unknown, tsc, clock_gettime };
inline constinit std::atomic<TickSource> tick_source{TickSource::unknown};
Ticks ticks_now_slow() noexcept;  // finds the source when it is unknown, and reads it

}  // namespace detail

inline Ticks ticks_now() noexcept {
#if defined(__x86_64__)
  if (detail::tick_source.load(std::memory_order_relaxed) == detail::TickSource::tsc) return __builtin_ia32_rdtsc();
  return detail::ticks_now_slow();
#elif defined(__aarch64__)
  Ticks ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return static_cast<Ticks>(monotonic_now_ns());
#endif
}

}  // namespace xover
