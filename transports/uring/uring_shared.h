// What all channels of one io_uring session share: the ring, the queue of completions, the counters, the settings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/transport.h"
#include "transports/common/ring.h"
#include "transports/common/slowdown.h"
#include "transports/uring/fixed_buffers.h"
#include "transports/uring/provided_buffers.h"
#include "transports/uring/uring_path.h"
#include "transports/uring/uring_ring.h"

namespace xover {

// What a completion entry belongs to, packed into the 64 bits that the kernel hands back.
struct RequestName {
  enum class Kind : std::uint8_t { send, receive, multishot, end_poll, cancel };

  Kind kind = Kind::send;
  std::uint32_t channel = 0;  // below 2^24
  std::uint32_t number = 0;   // send: of the request; receive: its place in the chain

  std::uint64_t pack() const noexcept {
    return std::uint64_t{static_cast<std::uint8_t>(kind)} << 56 | std::uint64_t{channel} << 32 | number;
  }
  static RequestName unpack(std::uint64_t bits) noexcept {
    return {static_cast<Kind>(bits >> 56), static_cast<std::uint32_t>(bits >> 32) & 0xffffff,
            static_cast<std::uint32_t>(bits)};
  }
};

struct UringCounters {
  std::uint64_t short_sends = 0;
  std::uint64_t busy = 0;
  std::uint64_t notifications = 0;
  std::uint64_t notifications_copied = 0;
  std::uint64_t notifications_unannounced = 0;  // of cancelled requests: mean nothing
  std::uint64_t provided_buffer_stalls = 0;     // times that a receive ended because all buffers were lent
  std::uint64_t memory_stalls = 0;              // sends refused for want of memory, and tried again
  std::uint64_t multishot_rearms = 0;
  std::uint64_t send_errors = 0;  // datagrams that the kernel refused

  void append_to(std::vector<Counter>& counters) const;
};

struct UringSettings {
  UringPath path = UringPath::send;
  bool datagrams = false;
  bool multishot = false;
  bool report_usage = true;
  bool device_gathers = true;  // false: the kernel copies lent pages and does not say so
  bool gathers_fixed = false;  // one request may gather several pieces of a registered buffer
  unsigned ops_per_enter = 32;
};

struct UringShared {
  // `lendable`: how many leases may be out besides what the channels' limits say.
  UringShared(const Limits& limits, const UringSettings& settings, UringRing& ring, std::size_t lendable,
              std::int64_t slowdown_percent);

  void push(Completion&& completion) noexcept { completions.push(std::move(completion)); }

  const Limits& limits;
  const UringSettings settings;
  UringRing& ring;
  ProvidedBuffers* provided = nullptr;  // where receives are multishot
  FixedBuffers* fixed = nullptr;        // where memory is registered
  Ring<Completion> completions;
  UringCounters counters;
  Slowdown slowdown;
  unsigned budget;          // ops that may still go with the next enter
  std::uint64_t drain = 0;  // number of the pass through the completion queue
};

}  // namespace xover
