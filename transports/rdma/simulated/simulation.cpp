// Who moves time, and who waits for it.
#include "transports/rdma/simulated/simulation.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>

namespace xover {

namespace {

// How long a sleeper sleeps before it looks whether a timer is due.
constexpr std::int64_t nap_ns = 1'000'000;

// Never used again, as the ids of threads are.
std::uint64_t this_thread_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  thread_local const std::uint64_t number = ++last;
  return number;
}

struct Simulations {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Simulation>, std::less<>> by_link;
};

Simulations& simulations() {
  static Simulations instance;
  return instance;
}

}  // namespace

std::shared_ptr<Simulation> Simulation::of_link(const std::string& link_text, const SimulationCosts& costs) {
  Simulations& all = simulations();
  const std::lock_guard lock(all.mutex);
  std::weak_ptr<Simulation>& known = all.by_link[link_text];
  if (auto there = known.lock()) return there;
  auto made = std::make_shared<Simulation>(costs);
  known = made;
  return made;
}

VirtualClock* Simulation::clock() noexcept {
  const std::lock_guard lock(mutex_);
  driver_ = this_thread_number();
  return this;
}

MonotonicNs Simulation::now_ns() const noexcept {
  const std::lock_guard lock(mutex_);
  follow_wall_clock();
  return timeline_.now_ns();
}

MonotonicNs Simulation::now_ns(std::size_t adapter) const noexcept {
  const std::lock_guard lock(mutex_);
  follow_wall_clock();
  return timeline_.now_ns(adapter);
}

// Where time goes on by itself, whoever waits for a moment finds it when it looks.
void Simulation::wake_at(std::size_t adapter, MonotonicNs time_ns) noexcept {
  const std::lock_guard lock(mutex_);
  if (!stepped()) return;
  timeline_.wake_at(adapter, time_ns == INT64_MAX ? std::nullopt : std::optional(time_ns));
}

bool Simulation::advance() noexcept {
  const Changed changed(*this);
  bool moved = false;
  while (const auto next = timeline_.next()) {
    moved = true;
    timeline_.step();
    if (next->timer || timeline_.any_ready()) break;
  }
  return moved;
}

bool Simulation::stepped() const noexcept { return driver_ == this_thread_number(); }

void Simulation::follow_wall_clock() const noexcept {
  if (stepped()) return;
  const MonotonicNs wall_ns = monotonic_now_ns();
  const auto next = timeline_.next();
  if (wall_ns_ != 0 && (!next || next->timer)) timeline_.pass(wall_ns - wall_ns_);
  wall_ns_ = wall_ns;
}

bool Simulation::step_by_itself() noexcept {
  if (stepped()) return false;
  const auto next = timeline_.next();
  if (!next || (next->timer && next->time_ns > timeline_.now_ns())) return false;
  return timeline_.step();
}

std::size_t Simulation::poll(std::size_t adapter, std::span<WorkResult> out) noexcept {
  {
    const std::lock_guard lock(mutex_);
    follow_wall_clock();
    if (stepped() || timeline_.ready(adapter)) return timeline_.poll(adapter, out);
    if (!step_by_itself()) return 0;
    if (sleepers_ == 0) return timeline_.poll(adapter, out);
  }
  const Changed changed(*this);
  return timeline_.poll(adapter, out);
}

void Simulation::wait(std::size_t adapter, MonotonicNs deadline) noexcept {
  for (;;) {
    std::unique_lock lock(mutex_);
    follow_wall_clock();
    if (stepped() || timeline_.ready(adapter)) return;
    const MonotonicNs left_ns = deadline - monotonic_now_ns();
    if (left_ns <= 0) return;
    if (step_by_itself()) {
      if (sleepers_ > 0) changed_.notify_all();
      continue;
    }
    ++sleepers_;
    changed_.wait_for(lock, std::chrono::nanoseconds(std::min(left_ns, nap_ns)));
    --sleepers_;
  }
}

}  // namespace xover
