// A transport made slower by a known share, to show what the instrument can see: spins before each send so that the
// time between sends is stretched by 1 / (1 - percent / 100). Off, it is one branch.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.h"
#include "core/options.h"

namespace xover {

inline constexpr OptionSpec slowdown_option{"slowdown_percent",
                                            OptionKind::integer,
                                            "0",
                                            "",
                                            0,
                                            90,
                                            "stretches every send by this much, to show what the instrument can see"};

class Slowdown {
 public:
  explicit Slowdown(std::int64_t percent)
      : burn_per_tick_(static_cast<double>(percent) / (100.0 - static_cast<double>(percent))),
        longest_burn_(percent == 0 ? 0 : static_cast<Ticks>(ticks_per_second() / 10)) {}

  void before_send() noexcept {
    if (burn_per_tick_ != 0) burn();
  }

 private:
  void burn() noexcept {
    const Ticks start = ticks_now();
    const auto wanted =
        last_end_ == 0 ? 0 : static_cast<Ticks>(static_cast<double>(start - last_end_) * burn_per_tick_);
    const Ticks end = start + std::min(wanted, longest_burn_);
    do last_end_ = ticks_now();
    while (last_end_ < end);
  }

  double burn_per_tick_;
  Ticks longest_burn_;  // after a pause the debt is forgiven beyond this
  Ticks last_end_ = 0;
};

}  // namespace xover
