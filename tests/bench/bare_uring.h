// A bare io_uring loop that sends from registered buffers with zero-copy sends: no contract, no harness, no order kept
// between the sends in flight. What xover's own row costs beyond that is the price of its contract.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/error.h"

namespace xover::bench {

struct BareUringRun {
  std::uint64_t size_bytes = 0;
  std::uint32_t depth = 1;  // sends whose notification has not come
  unsigned core = 0;        // of both threads
  std::int64_t warmup_ns = 0, duration_ns = 0;
};

// Goodput that the receiver saw over loopback TCP (cubic), in Gbit/s. The receiver is xover's own, driven by hand: what
// differs between the two is the sender alone.
Result<double> bare_uring_gbps(const BareUringRun& run);

}  // namespace xover::bench
