// How long sending has been refused for want of memory (locked memory, a socket's option memory, a device's queue), and
// when that is too long to go on waiting. Whatever of one's own is outstanding gives some back, so time counts only
// while nothing is.
#pragma once

#include "core/clock.h"

namespace xover {

class MemoryStall {
 public:
  // A send was refused again. True: it is time to give up.
  bool lasts_too_long(bool something_outstanding) noexcept {
    const MonotonicNs now = monotonic_now_ns();
    const bool new_stall = since_ == 0 || now - last_ > gap_ns;
    if (new_stall || something_outstanding) since_ = now;
    last_ = now;
    return now - since_ >= bound_ns;
  }
  void is_over() noexcept { since_ = 0; }

 private:
  static constexpr MonotonicNs bound_ns = 2'000'000'000;
  static constexpr MonotonicNs gap_ns = 500'000'000;  // no try for so long: the next stall is another one

  MonotonicNs since_ = 0, last_ = 0;
};

}  // namespace xover
