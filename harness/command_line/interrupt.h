// Ctrl-C and its relatives, while a run is under way: the first asks the run to end in order, the second ends the
// process at once.
#pragma once

#include <array>
#include <csignal>

namespace xover {

// One at a time. Puts the former handlers back when destroyed.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool requested() const noexcept;

 private:
  static constexpr std::array<int, 3> signals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, signals.size()> before_{};
};

}  // namespace xover
