// CPU figures: their arithmetic, and that the meter sees what a thread really did.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <time.h>

#include "core/clock.h"
#include "harness/measurement/cpu_meter.h"
#include "tests/support/sanitizer.h"

namespace xover {
namespace {

void burn_cpu_ns(std::int64_t duration_ns) {
  timespec spent{};
  const auto now_ns = [&] {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return std::int64_t{spent.tv_sec} * 1'000'000'000 + spent.tv_nsec;
  };
  for (const std::int64_t end = now_ns() + duration_ns; now_ns() < end;) {
  }
}

CpuUsage usage_of(CpuSource source, std::int64_t worker_ns, double cycles) {
  CpuUsage usage;
  usage.source = source;
  usage.worker_ns = worker_ns;
  usage.cycles = cycles;
  usage.instructions = 10;
  return usage;
}

TEST(CpuUsage, of_threads_adds_up) {
  CpuUsage total;
  total += usage_of(CpuSource::pmu, 100, 300);
  total += usage_of(CpuSource::pmu, 50, 200);
  EXPECT_EQ(total.source, CpuSource::pmu);
  EXPECT_EQ(total.worker_ns, 150);
  EXPECT_EQ(total.cycles, 500);
  EXPECT_EQ(total.instructions, 20U);
  EXPECT_FALSE(total.llc_misses);
}

TEST(CpuUsage, of_different_sources_has_no_cycles) {
  CpuUsage total = usage_of(CpuSource::pmu, 100, 300);
  total += usage_of(CpuSource::tsc, 100, 260);
  EXPECT_EQ(total.source, CpuSource::cpu_time);
  EXPECT_EQ(total.cycles, 0);
  EXPECT_EQ(total.worker_ns, 200);
}

TEST(CpuUsage, does_not_know_what_one_of_its_parts_does_not) {
  CpuUsage total = usage_of(CpuSource::tsc, 100, 260);
  CpuUsage without = usage_of(CpuSource::tsc, 100, 260);
  without.instructions.reset();
  total += without;
  EXPECT_FALSE(total.instructions);
}

TEST(CpuUsage, charges_what_else_ran_at_the_workers_rate) {
  CpuUsage usage = usage_of(CpuSource::tsc, 100, 260);
  usage.charge_other(50);
  EXPECT_EQ(usage.other_ns, 50);
  EXPECT_DOUBLE_EQ(usage.cycles, 390);
  EXPECT_EQ(usage.worker_ns, 100);
}

TEST(HardwareCounts, are_scaled_when_the_pmu_was_shared_a_little) {
  HardwareReading begin, end;
  begin.counts = {1000, 500, std::nullopt, 0};
  end = {{1900, 950, std::nullopt, 90}, 1000, 900};
  const auto counts = counts_between(begin, end);
  ASSERT_TRUE(counts);
  EXPECT_EQ((*counts)[0], 1000U);
  EXPECT_EQ((*counts)[1], 500U);
  EXPECT_FALSE((*counts)[2]);
  EXPECT_EQ((*counts)[3], 100U);
}

TEST(HardwareCounts, are_refused_when_others_had_the_pmu_too_long) {
  HardwareReading begin, end;
  begin.counts = end.counts = {1, 1, 1, 1};
  end.enabled_ns = 1000;
  end.running_ns = 899;
  EXPECT_FALSE(counts_between(begin, end));
  end.running_ns = 0;
  EXPECT_FALSE(counts_between(begin, end));
}

TEST(CpuMeter, sees_cpu_time_and_not_sleep) {
  CpuMeter meter;
  meter.begin();
  burn_cpu_ns(20'000'000);
  timespec nap{0, 20'000'000};
  nanosleep(&nap, nullptr);
  const CpuUsage usage = meter.end();
  EXPECT_GE(usage.worker_ns, 20'000'000);
  EXPECT_LT(usage.worker_ns, 22'000'000);
  EXPECT_GE(usage.context_switches, 1U);
}

TEST(CpuMeter, counts_page_faults) {
  if (test::under_sanitizer) GTEST_SKIP() << "a sanitizer's shadow of the memory faults, too";
  constexpr std::size_t pages = 64, page_bytes = 4096;
  CpuMeter meter;
  auto* memory =
      static_cast<char*>(mmap(nullptr, pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  madvise(memory, pages * page_bytes, MADV_NOHUGEPAGE);
  meter.begin();
  for (std::size_t page = 0; page < pages; ++page) memory[page * page_bytes] = 1;
  const CpuUsage usage = meter.end();
  munmap(memory, pages * page_bytes);
  EXPECT_GE(usage.page_faults, pages);
  EXPECT_LT(usage.page_faults, pages + 16);
}

TEST(CpuMeter, gives_cycles_of_the_best_source_there_is) {
  CpuMeter meter;
  meter.begin();
  burn_cpu_ns(5'000'000);
  const CpuUsage usage = meter.end();
  if (HardwareCounters::open()) {
    ASSERT_EQ(usage.source, CpuSource::pmu);
    EXPECT_GT(usage.cycles, 1'000'000);
  } else if (tick_source() == "tsc") {
    ASSERT_EQ(usage.source, CpuSource::tsc);
    EXPECT_DOUBLE_EQ(usage.cycles, static_cast<double>(usage.worker_ns) * ticks_per_second() * 1e-9);
  } else {
    EXPECT_EQ(usage.source, CpuSource::cpu_time);
    EXPECT_EQ(usage.cycles, 0);
  }
}

}  // namespace
}  // namespace xover
