// A wait that must end. It is started without knowing the time and counts from the next moment that is told, so that
// nobody reads a clock for the sake of a wait that is over before.
#pragma once

#include <cstdint>

#include "core/clock.h"

namespace xover::sdp {

class Timer {
 public:
  void start() noexcept { at_ = unarmed; }  // anew, if it runs
  void stop() noexcept { at_ = off; }
  bool running() const noexcept { return at_ != off; }

  // True once: it has run out, and is off now.
  bool tick(MonotonicNs now, MonotonicNs length) noexcept {
    if (at_ == off) return false;
    if (at_ == unarmed) at_ = now + length;
    if (now < at_) return false;
    at_ = off;
    return true;
  }

  // 0: wants to know the time; INT64_MAX: off.
  MonotonicNs deadline() const noexcept { return at_; }

  template <typename Encoder>
  void encode(Encoder& encoder, MonotonicNs now) const {
    encoder.put(at_ == off || at_ == unarmed ? at_ : at_ - now);
  }
  bool operator==(const Timer&) const = default;

 private:
  static constexpr MonotonicNs unarmed = 0, off = INT64_MAX;
  MonotonicNs at_ = off;
};

}  // namespace xover::sdp
