// How much may be owed to the caller at a time, and what is counted.
#include "transports/uring/uring_shared.h"

#include <iterator>

namespace xover {

UringShared::UringShared(const Limits& session_limits, const UringSettings& session_settings, UringRing& session_ring,
                         std::size_t lendable, std::int64_t slowdown_percent)
    : limits(session_limits),
      settings(session_settings),
      ring(session_ring),
      // Of each channel: sent and released of every op, received of every buffer, an empty datagram, and one closed.
      completions(limits.max_channels * (2 * limits.depth + limits.max_offered + 2) + lendable),
      slowdown(slowdown_percent),
      budget(session_settings.ops_per_enter) {}

void UringCounters::append_to(std::vector<Counter>& counters) const {
  const Counter own[] = {{"short_sends", short_sends},
                         {"busy", busy},
                         {"notifications", notifications},
                         {"notifications_copied", notifications_copied},
                         {"notifications_unannounced", notifications_unannounced},
                         {"provided_buffer_stalls", provided_buffer_stalls},
                         {"memory_stalls", memory_stalls},
                         {"multishot_rearms", multishot_rearms},
                         {"send_errors", send_errors}};
  counters.insert(counters.end(), std::begin(own), std::end(own));
}

}  // namespace xover
