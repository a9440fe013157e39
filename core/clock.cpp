// Which counter serves as tick source, and how fast it runs.
#include "core/clock.h"

#include <chrono>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace xover {

namespace {

using detail::TickSource;

std::int64_t read_clock_ns(clockid_t clock) noexcept {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

#if defined(__x86_64__)

// The first processor speaks for all: Linux keeps these two flags only where all of them have the feature.
bool tsc_runs_steadily() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line)) {
    if (!line.starts_with("flags")) continue;
    bool constant = false, nonstop = false;
    std::istringstream flags(line);
    for (std::string flag; flags >> flag;) {
      constant = constant || flag == "constant_tsc";
      nonstop = nonstop || flag == "nonstop_tsc";
    }
    return constant && nonstop;
  }
  return false;
}

// Threads that come here together all find the same answer, so the last store changes nothing.
TickSource find_tick_source() {
  auto source = detail::tick_source.load(std::memory_order_relaxed);
  if (source == TickSource::unknown) {
    source = tsc_runs_steadily() ? TickSource::tsc : TickSource::clock_gettime;
    detail::tick_source.store(source, std::memory_order_relaxed);
  }
  return source;
}

struct Reading {
  Ticks ticks = 0;
  std::int64_t raw_ns = 0;
};

// Both clocks at one moment, as nearly as can be: of several attempts the one that was interrupted least.
Reading read_both_clocks() {
  Reading best;
  Ticks tightest = UINT64_MAX;
  for (int attempt = 0; attempt < 32; ++attempt) {
    const Ticks before = __builtin_ia32_rdtsc();
    const std::int64_t raw_ns = read_clock_ns(CLOCK_MONOTONIC_RAW);
    const Ticks bracket = __builtin_ia32_rdtsc() - before;
    if (bracket >= tightest) continue;
    tightest = bracket;
    best = {before + bracket / 2, raw_ns};
  }
  return best;
}

double measure_tsc_rate() {
  const Reading start = read_both_clocks();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const Reading end = read_both_clocks();
  return static_cast<double>(end.ticks - start.ticks) * 1e9 / static_cast<double>(end.raw_ns - start.raw_ns);
}

double find_rate() { return find_tick_source() == TickSource::tsc ? measure_tsc_rate() : 1e9; }

#elif defined(__aarch64__)

double find_rate() {
  std::uint64_t frequency_hz;
  asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency_hz));
  return static_cast<double>(frequency_hz);
}

#else

double find_rate() { return 1e9; }

#endif

}  // namespace

MonotonicNs monotonic_now_ns() noexcept { return read_clock_ns(CLOCK_MONOTONIC); }

double ticks_per_second() noexcept {
  static const double rate = find_rate();
  return rate;
}

std::int64_t ticks_to_ns(Ticks difference) noexcept {
  static const double ns_per_tick = 1e9 / ticks_per_second();
  // As llrint() does, without its call.
  const double ns = static_cast<double>(static_cast<std::int64_t>(difference)) * ns_per_tick;
  return static_cast<std::int64_t>(ns < 0 ? ns - 0.5 : ns + 0.5);
}

std::string_view tick_source() noexcept {
#if defined(__x86_64__)
  return find_tick_source() == TickSource::tsc ? "tsc" : "clock_gettime";
#elif defined(__aarch64__)
  return "cntvct";
#else
  return "clock_gettime";
#endif
}

namespace detail {

Ticks ticks_now_slow() noexcept {
#if defined(__x86_64__)
  if (find_tick_source() == TickSource::tsc) return __builtin_ia32_rdtsc();
#endif
  return static_cast<Ticks>(monotonic_now_ns());
}

}  // namespace detail

}  // namespace xover
