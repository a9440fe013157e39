// The workloads: what the two ends of a connection do in a phase. Each runs on the worker that owns the end.
//
//   stream    as many messages as go, `depth` in flight; the receiver takes them
//   pingpong  one message at a time, sent back by the receiver
//   paced     messages at a fixed rate, whether or not earlier ones have arrived (an open loop); latency counts from
//             the moment at which a message should have been sent, so that a stall is charged to all that it delays
//
// A sender's phase ends with everything released; a receiver's with the arrival of what the sender says it sent.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/error.h"
#include "harness/workloads/connection_end.h"

namespace xover {

struct PhaseOrder {
  std::uint32_t number = 0;  // 1: warm-up, 2: timed
  MonotonicNs start_ns = 0;  // paced: when message 0 should be sent; both ends know it
  std::int64_t duration_ns = 0;
};

// How many messages a receiver has to wait for; unknown until the sender's phase is over.
class Expectation {
 public:
  static constexpr std::uint64_t unknown = UINT64_MAX;
  void set(std::uint64_t messages) { messages_.store(messages, std::memory_order_release); }
  std::uint64_t get() const { return messages_.load(std::memory_order_acquire); }
  bool known() const { return get() != unknown; }

 private:
  std::atomic<std::uint64_t> messages_{unknown};
};

Result<void> send_phase(ConnectionEnd& end, const PhaseOrder& order);
Result<void> receive_phase(ConnectionEnd& end, const PhaseOrder& order, const Expectation& expected);

}  // namespace xover
