// What the coordinator tells both ends of a phase.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/clock.h"

namespace xover {

enum class Role : std::uint8_t { sender, receiver };

struct PhaseOrder {
  std::uint32_t number = 0;  // 1: warm-up, 2: timed
  MonotonicNs start_ns = 0;  // paced: when message 0 should be sent, file: the first request; both ends know it
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

}  // namespace xover
