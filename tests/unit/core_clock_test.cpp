// The two clocks against the kernel's own.
#include "core/clock.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace xover {
namespace {

std::int64_t read_clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

TEST(Clock, MonotonicIsTheKernelsMonotonicClock) {
  const std::int64_t before = read_clock_ns(CLOCK_MONOTONIC);
  const MonotonicNs now = monotonic_now_ns();
  const std::int64_t after = read_clock_ns(CLOCK_MONOTONIC);
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

TEST(Clock, TicksGoForwardOnOneThread) {
  Ticks last = ticks_now();
  for (int i = 0; i < 100'000; ++i) {
    const Ticks now = ticks_now();
    ASSERT_GE(now, last);
    last = now;
  }
}

// The outer and the inner pair of readings enclose the ticks, so that being interrupted in between cannot fail this.
TEST(Clock, TicksAgreeWithTheRawClock) {
  ticks_per_second();
  const std::int64_t outer_start = read_clock_ns(CLOCK_MONOTONIC_RAW);
  const Ticks start = ticks_now();
  const std::int64_t inner_start = read_clock_ns(CLOCK_MONOTONIC_RAW);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::int64_t inner_end = read_clock_ns(CLOCK_MONOTONIC_RAW);
  const Ticks end = ticks_now();
  const std::int64_t outer_end = read_clock_ns(CLOCK_MONOTONIC_RAW);

  const auto measured_ns = static_cast<double>(ticks_to_ns(end - start));
  // 0.1 %: CLOCK_MONOTONIC, the source of last resort, may be slewed by up to 0.05 % against the raw clock.
  EXPECT_GE(measured_ns, static_cast<double>(inner_end - inner_start) * 0.999);
  EXPECT_LE(measured_ns, static_cast<double>(outer_end - outer_start) * 1.001);
}

TEST(Clock, ConvertsWithTheCalibratedRate) {
  const double rate = ticks_per_second();
  EXPECT_GT(rate, 1e6);
  EXPECT_LT(rate, 1e11);
  EXPECT_EQ(ticks_to_ns(0), 0);
  EXPECT_NEAR(static_cast<double>(ticks_to_ns(static_cast<Ticks>(rate * 10))), 1e10, 100);
}

TEST(Clock, StepBackwardsIsNegativeNotHuge) {
  const auto ticks_of_a_microsecond = static_cast<Ticks>(ticks_per_second() / 1e6);
  EXPECT_NEAR(static_cast<double>(ticks_to_ns(Ticks{0} - ticks_of_a_microsecond)), -1000, 2);
}

TEST(Clock, UsesTheTscExactlyWhereTheKernelCallsItSteady) {
#if defined(__x86_64__)
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line) && !line.starts_with("flags")) {
  }
  line += ' ';
  const bool steady =
      line.find(" constant_tsc ") != std::string::npos && line.find(" nonstop_tsc ") != std::string::npos;
  EXPECT_EQ(tick_source(), steady ? "tsc" : "clock_gettime");
#elif defined(__aarch64__)
  EXPECT_EQ(tick_source(), "cntvct");
#else
  EXPECT_EQ(tick_source(), "clock_gettime");
#endif
}

TEST(Clock, ThreadsSeeOneRateAndOneSource) {
  constexpr std::size_t thread_count = 4;
  std::vector<double> rates(thread_count);
  std::vector<std::string_view> sources(thread_count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < thread_count; ++i) {
    threads.emplace_back([&, i] {
      static_cast<void>(ticks_now());
      rates[i] = ticks_per_second();
      sources[i] = tick_source();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(rates.begin(), rates.end(), ticks_per_second()), std::ptrdiff_t{thread_count});
  EXPECT_EQ(std::count(sources.begin(), sources.end(), tick_source()), std::ptrdiff_t{thread_count});
}

}  // namespace
}  // namespace xover
