// A bare DPDK loop over a pair of net_ring ports: no contract, no harness, no credits, no numbers checked. What
// dpdk.mbuf costs beyond that is the price of its contract.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/error.h"

namespace xover::bench {

struct BareDpdkRun {
  std::size_t payload_bytes = 0;  // of each frame
  std::size_t room_bytes = 0;     // for the payload, in each mbuf
  std::size_t mbufs = 0;          // in the pool, a multiple of a burst
  unsigned sender_core = 0, receiver_core = 0;
  std::int64_t warmup_ns = 0, duration_ns = 0;
};

// Payload that the receiver read, in Gbit/s. The sender takes mbufs from the pool in bursts of 32, writes the headers
// that xover writes, and sends; the receiver takes bursts, reads every byte of the payload and gives the mbufs back.
// Starts DPDK in this process. All mbufs are in the pool again when it returns, or it is an error.
Result<double> bare_dpdk_gbps(const BareDpdkRun& run);

}  // namespace xover::bench
