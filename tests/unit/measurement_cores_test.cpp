// Soakers and gate on real cores. Other programs may run here too, so the bounds hold on a busy machine as well: busy
// cores are made busy by the tests themselves, and quiet ones are compared with those.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <span>
#include <thread>

#include "core/clock.h"
#include "harness/measurement/cpu_meter.h"
#include "harness/measurement/gate.h"
#include "harness/measurement/soakers.h"
#include "harness/placement/placement.h"

namespace xover {
namespace {

using namespace std::chrono_literals;

unsigned first_core() {
  const auto map = place(Placement::automatic, 1, Wait::block, 1);
  EXPECT_TRUE(map);
  return map ? map->sender_cores.front() : 0;
}

// Spins on a core until destroyed.
class Neighbour {
 public:
  explicit Neighbour(unsigned core) : thread_([this, core] { spin(core); }) {
    while (!ready_) std::this_thread::yield();
  }
  ~Neighbour() { stop_ = true; }

 private:
  void spin(unsigned core) {
    EXPECT_TRUE(pin_this_thread(core));
    ready_ = true;
    while (!stop_) {
    }
  }

  std::atomic<bool> ready_{false}, stop_{false};
  std::jthread thread_;
};

double not_soaked_share(Soakers& soakers) {
  const MonotonicNs begin_ns = monotonic_now_ns();
  soakers.begin();
  std::this_thread::sleep_for(50ms);
  const auto not_soaked_ns = soakers.end();
  EXPECT_EQ(not_soaked_ns.size(), 1U);
  if (not_soaked_ns.empty()) return -1;
  return static_cast<double>(not_soaked_ns.front()) / static_cast<double>(monotonic_now_ns() - begin_ns);
}

TEST(Soakers, see_a_core_that_others_keep_busy) {
  const std::array core{first_core()};
  Soakers soakers(core);
  ASSERT_TRUE(soakers.working());
  const Neighbour neighbour(core[0]);
  const double busy = not_soaked_share(soakers);
  EXPECT_GT(busy, 0.9);
  EXPECT_LE(busy, 1.01);
}

double not_soaked_share_of(std::span<const unsigned> core) {
  Soakers soakers(core);
  return not_soaked_share(soakers);
}

struct QuietTrials {
  int quiet = 0;
  double least = 1;  // not soaked, of the quiet ones
};

// The gate is the judge of whether others let the core alone. It gives way to all but soakers itself, so that it feels
// whoever they give way to.
QuietTrials quiet_trials() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 19);
  const std::array core{first_core()};
  Gate gate;
  QuietTrials trials;
  for (int attempt = 0; attempt < 60 && trials.quiet < 5; ++attempt) {
    if (!gate.read(core).accepted) continue;
    const double share = not_soaked_share_of(core);
    if (!gate.read(core).accepted) continue;
    ++trials.quiet;
    trials.least = std::min(trials.least, share);
  }
  return trials;
}

TEST(Soakers, soak_up_a_core_that_nobody_uses) {
  const auto [quiet, least] = std::async(std::launch::async, quiet_trials).get();
  if (quiet < 5) GTEST_SKIP() << "other programs kept the core busy: " << quiet << " of 60 attempts were undisturbed";
  EXPECT_LE(least, 0.2);
}

TEST(Soakers, give_way_to_a_worker) {
  const std::array core{first_core()};
  Soakers soakers(core);
  ASSERT_TRUE(soakers.working());
  soakers.begin();
  const Neighbour worker(core[0]);
  CpuUsage spent;
  std::thread([&] {
    ASSERT_TRUE(pin_this_thread(core[0]));
    CpuMeter meter;
    meter.begin();
    for (const MonotonicNs end = monotonic_now_ns() + 100'000'000; monotonic_now_ns() < end;) {
    }
    spent = meter.end();
  }).join();
  const auto not_soaked_ns = soakers.end();
  ASSERT_EQ(not_soaked_ns.size(), 1U);
  // A soaker of ordinary priority would have taken a third of the core.
  EXPECT_GE(not_soaked_ns.front(), 90'000'000);
  EXPECT_LE(spent.worker_ns, not_soaked_ns.front());
}

TEST(Soakers, are_let_go_at_once_on_a_busy_core) {
  const std::array core{first_core()};
  auto soakers = std::make_unique<Soakers>(core);
  const Neighbour neighbour(core[0]);
  const MonotonicNs begin_ns = monotonic_now_ns();
  soakers.reset();
  EXPECT_LT(monotonic_now_ns() - begin_ns, 500'000'000);
}

TEST(Soakers, take_each_core_once) {
  const std::array cores{first_core(), first_core()};
  Soakers soakers(cores);
  soakers.begin();
  EXPECT_EQ(soakers.end().size(), 1U);
}

TEST(Soakers, give_no_figure_for_a_core_that_does_not_exist) {
  const std::array core{100'000U};
  Soakers soakers(core);
  soakers.begin();
  EXPECT_FALSE(soakers.working());
  EXPECT_TRUE(soakers.end().empty());
}

TEST(Soakers, other_work_is_never_negative) {
  const std::array<std::int64_t, 2> not_soaked_ns{100, 50};
  EXPECT_EQ(other_than_workers(not_soaked_ns, 120), 30);
  EXPECT_EQ(other_than_workers(not_soaked_ns, 151), 0);
}

TEST(Gate, rejects_a_core_that_somebody_else_uses) {
  const std::array core{first_core()};
  Gate gate;
  const Neighbour neighbour(core[0]);
  // Two threads share a core in turns of some milliseconds, so that a window may fall into one turn; few do.
  int rejected = 0;
  for (int attempt = 0; attempt < 20; ++attempt) rejected += gate.read(core).accepted ? 0 : 1;
  EXPECT_GE(rejected, 10);
}

TEST(Gate, accepts_a_quiet_core_sooner_or_later) {
  const std::array core{first_core()};
  Gate gate;
  GateReading reading;
  for (int attempt = 0; attempt < 200 && !reading.accepted; ++attempt) {
    reading = gate.read(core);
    if (!reading.accepted) std::this_thread::sleep_for(20ms);
  }
  ASSERT_TRUE(reading.accepted);
  EXPECT_GE(reading.efficiency, Gate::least_efficiency);
  EXPECT_LE(reading.efficiency, 1.0);
  EXPECT_LE(reading.worst_gap_ns, Gate::greatest_gap_ns);
}

TEST(Gate, does_not_accept_a_core_that_does_not_exist) {
  const std::array core{100'000U};
  const GateReading reading = Gate().read(core);
  EXPECT_FALSE(reading.accepted);
  EXPECT_EQ(reading.efficiency, 0);
}

}  // namespace
}  // namespace xover
