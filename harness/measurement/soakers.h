// Idle-priority threads that soak up what a pinned core has left over, so that what they did *not* get is what the core
// spent: on the workers, and on what no thread's account shows, such as ksoftirqd, kernel workers and interrupts.
//
// Why not /proc/stat: it books whole timer ticks (4 ms at 250 Hz), to whoever runs when the tick comes. In a sample of
// 200 ms that is 2 % a tick, and work that a timer starts and that ends before the next tick is never seen.
//
// Why not the soaker's own CPU time: kernels without CONFIG_IRQ_TIME_ACCOUNTING book softirq to the thread that it
// interrupts, so on an idle core it would count as soaked. A soaker therefore watches the clock (see gap.h) and adds up
// the time in which nothing came between.
//
// Steal: time that a hypervisor takes from the core is not soaked either and cannot be told from work of others. The
// gate keeps rounds with much of it out; what is left makes the figure an upper bound.
//
// What they change: the core never sleeps, so wake-ups get faster, and the scheduler has one thread more to weigh,
// which can make the workers' turns longer. Figures taken with and without soakers are therefore not to be compared
// with each other. A soaker gives way to any other thread at once; a worker that never sleeps leaves it about 0.3 %.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace xover {

class Soakers {
 public:
  // Sets a SCHED_IDLE thread going on each distinct core and waits until they run, 100 ms at most. The destructor
  // tells them to rest and does not wait: they do so at their next turn. Two Soakers at once on one core (in whatever
  // processes) would take each other for work.
  explicit Soakers(std::span<const unsigned> cores);
  ~Soakers();
  Soakers(const Soakers&) = delete;
  Soakers& operator=(const Soakers&) = delete;

  // False when a thread could not be started, pinned or made idle: there is no figure then.
  bool working() const;

  void begin();
  // For each distinct core, in ascending order: ns since begin() that were not soaked. Empty unless working().
  std::vector<std::int64_t> end();

 private:
  struct Soaker;

  std::vector<std::shared_ptr<Soaker>> soakers_;
};

// What ran on the cores beside the workers; 0 where rounding would make it negative.
std::int64_t other_than_workers(std::span<const std::int64_t> not_soaked_ns, std::int64_t workers_ns);

}  // namespace xover
