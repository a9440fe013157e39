// What all channels of one socket session share: the queue of completions and the counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/transport.h"
#include "transports/common/ring.h"
#include "transports/common/slowdown.h"

namespace xover {

struct SocketCounters {
  std::uint64_t send_calls = 0;
  std::uint64_t receive_calls = 0;
  std::uint64_t partial_sends = 0;
  std::uint64_t busy = 0;
  std::uint64_t notifications = 0;         // ranges read
  std::uint64_t notification_ids = 0;      // calls that they covered
  std::uint64_t notifications_copied = 0;  // ranges that said: copied
  std::uint64_t enobufs_stalls = 0;
  std::uint64_t error_queue_reads = 0;

  std::vector<Counter> list() const {
    return {{"send_calls", send_calls},
            {"receive_calls", receive_calls},
            {"partial_sends", partial_sends},
            {"busy", busy},
            {"notifications", notifications},
            {"notification_ids", notification_ids},
            {"notifications_copied", notifications_copied},
            {"enobufs_stalls", enobufs_stalls},
            {"error_queue_reads", error_queue_reads}};
  }
};

struct SocketShared {
  SocketShared(const Limits& limits, std::int64_t slowdown_percent)
      : depth(limits.depth),
        max_offered(limits.max_offered),
        max_op_bytes(limits.max_op_bytes),
        max_segments(limits.max_segments),
        // Of each channel: sent and released of every op, received of every buffer or of what was discarded since the
        // last, and one closed.
        completions(limits.max_channels *
                    (2 * limits.depth + limits.max_offered + (limits.receive == Receive::discarded ? 1 : 0) + 1)),
        slowdown(slowdown_percent) {}

  void push(Completion&& completion) noexcept {
    ++steps;
    completions.push(std::move(completion));
  }

  std::size_t depth;
  std::size_t max_offered;
  std::size_t max_op_bytes;
  std::size_t max_segments;
  bool second_sockets = false;  // the channels have one each
  bool device_gathers = true;   // false: the kernel copies lent pages and does not say so
  std::uint64_t steps = 0;      // grows whenever anything went forward
  Ring<Completion> completions;
  SocketCounters counters;
  Slowdown slowdown;
};

}  // namespace xover
