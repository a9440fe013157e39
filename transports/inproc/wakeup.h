// How one thread tells another that there is something to do, without a lock and without a system call unless the other
// sleeps. No wake-up is lost: whatever was made visible before notify() is seen by the sleeper's last look, or the
// sleeper does not fall asleep.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/clock.h"

namespace xover {

class Wakeup {
 public:
  // Any thread, after it has made its work visible.
  void notify() noexcept;

  // The owner's two steps: take a ticket, look for work, and sleep if there is none. Returns at once when notify() was
  // called after the ticket was taken, at the deadline, on a signal, or for no reason.
  std::uint32_t ticket() noexcept;
  void sleep(std::uint32_t ticket, MonotonicNs deadline) noexcept;

 private:
  std::atomic<std::uint32_t> notifications_{0};  // the futex word
  std::atomic<bool> sleeping_{false};
};

}  // namespace xover
