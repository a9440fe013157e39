// The idea that gate and soakers share: a loop that does nothing but look at the clock takes well under a microsecond a
// turn. A turn that took longer is a gap: somebody else had the core, be it an interrupt, softirq, another thread, or
// the host of a virtual machine. Nothing in the kernel's own accounts tells of all four.
#pragma once

#include <cstdint>

#include "core/clock.h"

namespace xover {

// Above the slowest usual tick source's turn (about 1 us), below the shortest timer interrupt that matters.
inline constexpr std::int64_t shortest_gap_ns = 2'000;

inline Ticks shortest_gap_ticks() noexcept {
  return static_cast<Ticks>(ticks_per_second() * static_cast<double>(shortest_gap_ns) * 1e-9);
}

}  // namespace xover
