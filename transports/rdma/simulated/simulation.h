// A timeline that several fabrics share: the lock around it, and the two ways in which its time goes on.
//
//   Stepped. The thread that asked for the clock drives all ends: time stands still but in VirtualClock::advance().
//     Everything is as deterministic as the timeline, from the first connect() on if the clock was asked for before.
//   By itself, for any other thread: the ends may have threads of their own. poll() that has nothing lets the next
//     event happen, and so does wait(), which sleeps only when there is none. While there is nothing under way, or only
//     somebody's wait for time to pass, virtual time follows the wall clock when such a thread polls, waits or asks for
//     the time, so that time-outs end. To meet is none of these.
//
// The fabrics of one process find their simulation by the text of the link; it goes with the last of them.
//
// Every member takes the lock, but for lobby().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "transports/rdma/simulated/lobby.h"
#include "transports/rdma/simulated/timeline.h"

namespace xover {

class Simulation final : public VirtualClock {
 public:
  explicit Simulation(const SimulationCosts& costs) : timeline_(costs) {}
  static std::shared_ptr<Simulation> of_link(const std::string& link_text, const SimulationCosts& costs);

  // From now on it only moves when it is told to, as far as the calling thread is concerned.
  VirtualClock* clock() noexcept;
  MonotonicNs now_ns() const noexcept override;
  // Goes on until somebody can poll a result or has waited for long enough, through whatever nobody can see.
  bool advance() noexcept override;
  MonotonicNs now_ns(std::size_t adapter) const noexcept;  // of its thread: later while that is busy
  // Stepped: advance() stops there. INT64_MAX: never.
  void wake_at(std::size_t adapter, MonotonicNs time_ns) noexcept;

  std::size_t poll(std::size_t adapter, std::span<WorkResult> out) noexcept;
  // The deadline is of the wall clock. Returns at once when stepped.
  void wait(std::size_t adapter, MonotonicNs deadline) noexcept;

  // Runs `what(timeline)`; who sleeps looks again then.
  template <typename What>
  auto with(const What& what) noexcept {
    const Changed changed(*this);
    return what(timeline_);
  }

  Lobby& lobby() noexcept { return lobby_; }

 private:
  class Changed {
   public:
    explicit Changed(Simulation& simulation) : simulation_(simulation), lock_(simulation.mutex_) {}
    ~Changed() {
      if (simulation_.sleepers_ > 0) simulation_.changed_.notify_all();
    }
    Changed(const Changed&) = delete;
    Changed& operator=(const Changed&) = delete;

   private:
    Simulation& simulation_;
    const std::lock_guard<std::mutex> lock_;
  };

  bool stepped() const noexcept;
  void follow_wall_clock() const noexcept;
  bool step_by_itself() noexcept;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int sleepers_ = 0;
  std::uint64_t driver_ = 0;         // the thread that asked for the clock; 0: nobody
  mutable MonotonicNs wall_ns_ = 0;  // when virtual time last followed
  mutable Timeline timeline_;
  Lobby lobby_;
};

}  // namespace xover
