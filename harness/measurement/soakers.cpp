// The soaking threads, and the difference of their accounts between begin and end.
#include "harness/measurement/soakers.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <system_error>
#include <thread>

#include "core/clock.h"
#include "harness/measurement/gap.h"
#include "harness/placement/placement.h"

namespace xover {

namespace {

constexpr std::int64_t start_bound_ns = 100'000'000;

}  // namespace

// On cache lines of its own: the thread writes it all the time, while workers run on the next core.
//
// A soaker's thread lives as long as the process and rests in between. If it ended instead, it would do so at idle
// priority: on a core that others keep busy it could then sit for seconds on a lock (of the address space, of the
// library's list of stacks) that every other thread needs.
struct alignas(128) Soakers::Soaker {
  enum class State : std::uint8_t { resting, soaking, failed };

  explicit Soaker(unsigned os_cpu) : core(os_cpu) {}

  // The resting soaker of a core, or a new one.
  static std::shared_ptr<Soaker> take(unsigned core);
  void run();
  void soak();
  std::int64_t not_soaked_ns() const;

  const unsigned core;
  Ticks soaked_at_begin = 0, begun_at = 0;
  std::atomic<State> state{State::resting};
  std::atomic<bool> rest{true};
  std::atomic<Ticks> soaked{0};
};

std::shared_ptr<Soakers::Soaker> Soakers::Soaker::take(unsigned core) {
  static std::mutex mutex;
  static std::vector<std::shared_ptr<Soaker>> soakers;  // of all cores ever soaked
  std::lock_guard lock(mutex);
  for (const auto& soaker : soakers)
    if (soaker->core == core && soaker->rest.load()) return soaker;
  auto soaker = std::make_shared<Soaker>(core);
  try {
    std::thread([soaker] { soaker->run(); }).detach();
    soakers.push_back(soaker);
  } catch (const std::system_error&) {
    soaker->state.store(State::failed);
  }
  return soaker;
}

void Soakers::Soaker::run() {
  shortest_gap_ticks();  // calibrates here, not at idle priority
  const sched_param no_priority{};
  const bool idle = pin_this_thread(core).has_value() && sched_setscheduler(0, SCHED_IDLE, &no_priority) == 0;
  if (!idle) return state.store(State::failed);
  for (;;) {
    rest.wait(true);
    state.store(State::soaking);
    soak();
    state.store(State::resting);
  }
}

void Soakers::Soaker::soak() {
  const Ticks gap = shortest_gap_ticks();
  Ticks last = ticks_now();
  while (!rest.load(std::memory_order_relaxed)) {
    const Ticks now = ticks_now();
    if (now - last < gap)
      soaked.store(soaked.load(std::memory_order_relaxed) + (now - last), std::memory_order_relaxed);
    last = now;
  }
}

std::int64_t Soakers::Soaker::not_soaked_ns() const {
  const Ticks elapsed = ticks_now() - begun_at;
  const Ticks got = soaked.load(std::memory_order_relaxed) - soaked_at_begin;
  return std::max<std::int64_t>(0, ticks_to_ns(elapsed - got));
}

Soakers::Soakers(std::span<const unsigned> cores) {
  ticks_per_second();
  for (const unsigned core : std::set<unsigned>(cores.begin(), cores.end())) {
    soakers_.push_back(Soaker::take(core));
    soakers_.back()->rest.store(false);
    soakers_.back()->rest.notify_one();
  }
  // Who has not begun by then sits on a core that others keep busy, and has nothing to soak.
  const MonotonicNs deadline = monotonic_now_ns() + start_bound_ns;
  for (const auto& soaker : soakers_) {
    while (soaker->state.load() == Soaker::State::resting && monotonic_now_ns() < deadline) sched_yield();
  }
}

bool Soakers::working() const {
  return std::none_of(soakers_.begin(), soakers_.end(),
                      [](const auto& soaker) { return soaker->state.load() == Soaker::State::failed; });
}

Soakers::~Soakers() {
  for (const auto& soaker : soakers_) soaker->rest.store(true, std::memory_order_relaxed);
}

void Soakers::begin() {
  for (const auto& soaker : soakers_) {
    soaker->begun_at = ticks_now();
    soaker->soaked_at_begin = soaker->soaked.load(std::memory_order_relaxed);
  }
}

std::vector<std::int64_t> Soakers::end() {
  std::vector<std::int64_t> not_soaked;
  if (!working()) return not_soaked;
  for (const auto& soaker : soakers_) not_soaked.push_back(soaker->not_soaked_ns());
  return not_soaked;
}

std::int64_t other_than_workers(std::span<const std::int64_t> not_soaked_ns, std::int64_t workers_ns) {
  const auto spent = std::accumulate(not_soaked_ns.begin(), not_soaked_ns.end(), std::int64_t{0});
  return std::max<std::int64_t>(0, spent - workers_ns);
}

}  // namespace xover
