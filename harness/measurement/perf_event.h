// One perf event of the calling thread, on whichever CPU it runs: perf_event_open(2).
//
// Kernel time is always included, because data paths spend their time there; where the system allows only user time to
// be counted, opening fails instead.
#pragma once

#include <linux/perf_event.h>

#include "core/error.h"

namespace xover {

class PerfEvent {
 public:
  // Errors carry a remedy: the sysctl to set, or what the machine lacks. `group` is a leader to be counted together
  // with.
  static Result<PerfEvent> open(perf_event_attr attributes, const PerfEvent* group = nullptr);

  PerfEvent() = default;
  PerfEvent(PerfEvent&& other) noexcept;
  PerfEvent& operator=(PerfEvent&& other) noexcept;
  ~PerfEvent();

  int fd() const { return fd_; }  // -1: none

 private:
  explicit PerfEvent(int fd) : fd_(fd) {}

  int fd_ = -1;
};

}  // namespace xover
